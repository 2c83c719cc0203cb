"""The rows of the table: each module measures some, and reads them back from the records."""
