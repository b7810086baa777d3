"""Floor 2: shared documents (Yjs through pycrdt)."""
