"""The chat in a browser: a small server on this machine that runs one chat for each page opened.

The only code that imports aiohttp and textual-serve, which come with the extra ``qa[serve]``.
"""
