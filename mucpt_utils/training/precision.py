"""In which precision a machine trains fastest: bfloat16 if its matrix units support it."""

import torch

from mucpt_utils.errors import MuCPTError
from mucpt_utils.scoring import models

# below this size a CPU may spend more on casting weights than bfloat16 saves; a declared
# limit between the study's small models and real ones, not a measured one
LARGE = 50_000_000


class PrecisionError(MuCPTError, ValueError):
    """A precision that this machine does not support."""


def uses_bfloat16(precision: str, parameters: int) -> bool:
    """Whether matrix products are computed in bfloat16; weights and optimiser stay in float32.

    precision: as in the settings; parameters: of the model. `auto` takes bfloat16 on a GPU that
    supports it, and on a CPU with tiles for it (AMX) if the model is large. A CPU
    that only emulates bfloat16 is slower in it. Raises PrecisionError for a GPU without it.
    """
    if precision == "float32":
        return False
    if torch.cuda.is_available():
        # torch counts GPUs that only emulate it, as before Ampere, unless told not to
        supported = torch.cuda.is_bf16_supported(including_emulation=False)
        if precision == "bfloat16" and not supported:
            raise PrecisionError("precision=bfloat16: this GPU has none; allowed: auto, float32")
        return supported
    return precision == "bfloat16" or (has_bfloat16_tiles() and parameters >= LARGE)


def reading(model: torch.nn.Module, precision: str) -> torch.autocast:
    """A context in which a model runs in the precision in which it would be trained."""
    on = uses_bfloat16(precision, models.parameters(model))
    device = next(model.parameters()).device.type
    return torch.autocast(device, torch.bfloat16, enabled=on)


def has_bfloat16_tiles() -> bool:
    """Whether the CPU multiplies bfloat16 matrices in tiles (AMX)."""
    supported = getattr(torch.cpu, "_is_amx_tile_supported", None)  # torch 2.6 and later
    return bool(supported and supported())
