"""A fine-tuned reader as a low-rank adapter of the one that it was tuned from."""

from __future__ import annotations

import torch

from qa.models.weights import LORA_A, LORA_B

__all__ = ["adapter_of"]

#: Positions are read by both alike: half a megabyte that training hardly changes.
LEFT_ALONE = "position_embeddings"


def adapter_of(
    tuned: dict[str, torch.Tensor], base: dict[str, torch.Tensor], rank: int
) -> dict[str, torch.Tensor]:
    """Of each matrix the two thin ones whose product is nearest to what tuning added (Eckart and Young 1936).

    That tuning changes a matrix by little more than a few directions is why low-rank adapters work (Hu et
    al., ICLR 2022). What is no wide matrix is held as it is.
    """
    adapter: dict[str, torch.Tensor] = {}
    for name, weight in tuned.items():
        if LEFT_ALONE in name or torch.equal(weight, base[name]):
            continue
        if weight.ndim < 2 or min(weight.shape) <= rank:
            adapter[name] = weight
            continue
        left, scale, right = torch.linalg.svd((weight - base[name]).double(), full_matrices=False)
        root = scale[:rank].sqrt()
        module = name.removesuffix(".weight")
        adapter[module + LORA_B] = left[:, :rank] * root
        adapter[module + LORA_A] = root[:, None] * right[:rank]
    return adapter
