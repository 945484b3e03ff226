"""The settings of the smallest study that has every stage, changed from `smoke`."""

SMALLEST = [
    *("seeds=[0]", "base.tokens=1024", "reference_training.tokens=1024"),
    *("world.subjects=6", "world.practice=6", "world.calibration=2", "world.general=8"),
    *("render.documents_per_subject=5", "reference.temperature=1.0"),
]
