"""torchvision built for another torch has none of its own operators, and its import stops at the first it describes.
The judges need none of them: where that happens they are declared, and not defined."""

import torch

torch.set_num_threads(1)

try:
    import torchvision  # noqa: F401
except RuntimeError:
    LIBRARY = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        LIBRARY.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import torchvision  # noqa: F401
except ImportError:
    pass
