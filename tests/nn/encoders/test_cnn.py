import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from sklearn_crossmodal import FusionClassifier
from sklearn_crossmodal.data import BlockSpec
from sklearn_crossmodal.nn.encoders import CNNEncoder


def build(*shape, **params):
    return CNNEncoder(**{"width": 5, **params}).build(BlockSpec("grid", shape))


def stages(encoder):
    return sum(isinstance(layer, nn.Conv2d) for layer in encoder.layers)


SIZES = [(1, 1), (1, 7), (2, 2), (3, 3), (5, 4), (8, 8), (9, 31), (16, 2)]


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("halving", ["max", "stride"])
@pytest.mark.parametrize("patch_size", [1, 2, 3])
def test_images_of_any_size_have_a_latent(size, channels, halving, patch_size):
    encoder = build(channels, *size, halving=halving, patch_size=patch_size)
    latent = encoder(torch.randn(2, channels, *size))
    assert latent.shape == (2, 5)
    assert latent.isfinite().all()


@pytest.mark.parametrize(
    ("size", "patch_size", "n_stages"),
    [(32, 2, 3), (32, 1, 3), (8, 2, 2), (4, 2, 1), (3, 1, 2), (1, 1, 1)],
)
def test_stages_stop_when_nothing_is_left_to_halve(size, patch_size, n_stages):
    assert stages(build(3, size, size, patch_size=patch_size)) == n_stages


@pytest.mark.parametrize("halving", ["max", "stride"])
def test_each_stage_halves_rounding_up(halving):
    encoder = build(1, 11, 6, channels=(4, 4), patch_size=1, halving=halving)
    linear = next(layer for layer in encoder.layers if isinstance(layer, nn.Linear))
    assert linear.in_features == 4 * 3 * 2  # 11 -> 6 -> 3, 6 -> 3 -> 2


def test_without_a_width_the_latent_is_the_maps_of_the_last_convolution():
    encoder = build(3, 32, 32, channels=(32, 64), width=None, patch_size=1)
    assert encoder.out_features == 64 * 8 * 8
    assert not any(isinstance(layer, nn.Linear) for layer in encoder.layers)
    images = torch.randn(2, 3, 32, 32)
    maps = images
    for layer in encoder.eval().layers:
        if not isinstance(layer, nn.Flatten):
            maps = layer(maps)
    torch.testing.assert_close(encoder(images), maps.flatten(1))


def test_patches_hold_each_pixel_once_and_zeros_beyond_the_edge():
    encoder = build(1, 3, 3)
    patches = encoder.layers[0](torch.arange(1.0, 10.0).reshape(1, 1, 3, 3))
    assert patches.shape == (1, 4, 2, 2)
    assert patches[0, :, 0, 0].tolist() == [1, 2, 4, 5]
    assert patches[0, :, 0, 1].tolist() == [3, 0, 6, 0]
    assert patches[0, :, 1, 1].tolist() == [9, 0, 0, 0]


def test_groups_of_the_normalisation_hold_eight_channels():
    layers = build(3, 16, 16, channels=(32, 12)).layers
    norms = [layer for layer in layers if isinstance(layer, nn.GroupNorm)]
    assert [norm.num_groups for norm in norms] == [4, 1]  # 12 is no multiple of eight: one group
    layers = build(3, 16, 16, normalize=False).layers
    assert not any(isinstance(layer, nn.GroupNorm) for layer in layers)


def test_where_a_shape_lies_matters_to_the_latent():
    image = torch.zeros(1, 1, 16, 16)
    image[..., 2:5, 2:5] = 1
    encoder = build(1, 16, 16).eval()
    moved = image.roll((8, 8), dims=(2, 3))
    assert (encoder(image) - encoder(moved)).abs().max() > 1e-4


def test_an_even_kernel_is_refused():
    with pytest.raises(ValueError, match="kernel_size=2 must be odd"):
        build(1, 8, 8, kernel_size=2)


def test_training_moves_each_image_by_a_few_pixels_of_its_own_and_repeats_its_edge():
    (shift, *_) = build(1, 32, 40, max_shift=2).layers
    image = torch.arange(32.0 * 40).reshape(1, 1, 32, 40)
    padded = functional.pad(image, (2, 2, 2, 2), mode="replicate")[0, 0]
    moves = {
        (down, right): padded[down : down + 32, right : right + 40]
        for down in range(5)
        for right in range(5)
    }
    moved = shift(image.expand(400, -1, -1, -1))
    found = [
        next(move for move, expected in moves.items() if torch.equal(one, expected))
        for one in moved[:, 0]
    ]
    assert set(found) == set(moves)
    shift.eval()
    assert torch.equal(shift(image), image)


@pytest.mark.parametrize(
    ("size", "max_shift", "most"),
    [((32, 32), 2, 2), ((32, 32), 1, 1), ((32, 16), 2, 1), ((64, 64), 0, 0), ((15, 64), 2, 0)],
)
def test_images_are_moved_by_a_sixteenth_of_their_size_at_most(size, max_shift, most):
    image = torch.randn(1, 1, *size)
    encoder = build(1, *size, max_shift=max_shift, dropout=0.0)
    torch.manual_seed(0)
    latents = {tuple(encoder(image)[0].tolist()) for _ in range(60)}
    assert (len(latents) == 1) == (most == 0)
    assert len(latents) <= (2 * most + 1) ** 2


def test_training_mirrors_half_of_the_images_left_to_right():
    (flip, *_) = build(1, 8, 8, flip=True, max_shift=0).layers
    image = torch.arange(64.0).reshape(1, 1, 8, 8)
    torch.manual_seed(0)
    turned = flip(image.expand(400, -1, -1, -1))
    mirrored = (turned == image.flip(3)).flatten(1).all(dim=1)
    assert ((turned == image).flatten(1).all(dim=1) | mirrored).all()
    assert 150 < mirrored.sum() < 250
    flip.eval()
    assert torch.equal(flip(image), image)
    assert not any(type(layer) is type(flip) for layer in build(1, 8, 8).layers)


def silhouettes(n_classes, n_each, size, seed):
    """Return grey silhouettes of random closed curves on uniform ground, and their classes."""
    shapes = np.random.default_rng(0).normal(size=(2, n_classes, 5)) / np.arange(1, 6)
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(n_classes), n_each)
    centre = size / 2 + rng.normal(scale=0.03 * size, size=(2, len(y), 1, 1))
    down, right = np.mgrid[:size, :size][:, None] - centre
    angle = np.arctan2(down, right) + rng.normal(scale=0.15, size=(len(y), 1, 1))
    waves = np.arange(1, 6)[:, None, None, None] * angle
    parts = zip(shapes[:, y], (np.cos(waves), np.sin(waves)), strict=True)
    radius = 1 + 0.35 * sum(np.einsum("nk,knij->nij", one, wave) for one, wave in parts)
    inside = np.hypot(down, right) < 0.25 * size * np.abs(radius)
    return np.where(inside, 40, 250).astype(np.uint8), y


def test_units_stay_active_on_silhouettes_that_are_much_alike():
    # Pictures that are much alike move all units the same way in each step of Adam; without a
    # normalisation all are negative for all pictures after some epochs, and nothing is learned.
    X, y = silhouettes(40, 5, 32, seed=1)
    clf = FusionClassifier(
        [("image", "image", "image")], learning_rate=1e-2, max_epochs=5, random_state=0
    )
    latents = clf.fit({"image": X}, y).transform({"image": X})
    assert (latents > 0).any(axis=0).mean() > 0.5


@pytest.mark.slow
def test_silhouettes_of_many_classes_are_learned():
    X, y = silhouettes(60, 5, 48, seed=1)
    X_new, y_new = silhouettes(60, 3, 48, seed=2)
    clf = FusionClassifier([("image", "image", "image")], random_state=0)
    assert clf.fit({"image": X}, y).score({"image": X_new}, y_new) > 0.8
