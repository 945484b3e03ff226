"""An open, reproducible study of music-domain continued pretraining (MuCPT, arXiv 2511.14245)."""

__version__ = "0.1.0"
