"""Training of a CNN, and of a CNN beside an LSTM over texts of real lengths."""

from __future__ import annotations

import copy

import numpy as np
import torch
from common import DEVICE, below, interleaved
from torch.nn import functional

from sklearn_crossmodal import FusionClassifier, Image, MultiModalFrame, Text
from sklearn_crossmodal.nn.encoders import CNNEncoder, LSTMEncoder
from sklearn_crossmodal.nn.fusion import ConcatFusion

N_CLASSES, EPOCHS, LONGEST = 10, 2, 256


def data(n):
    """Return images, texts (log-normal lengths with a mean near 103) and classes."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (n, 32, 32, 3), dtype=np.uint8)
    lengths = np.clip(rng.lognormal(4.3, 0.75, n).astype(int), 5, LONGEST - 1)
    words = np.array([f"w{k}" for k in range(10_000)])
    texts = np.array([" ".join(rng.choice(words, k)) for k in lengths], dtype=object)
    return images, texts, rng.integers(0, N_CLASSES, n)


def classifier(names, **params):
    """Return the estimator: conv 32 - pool - conv 64 - pool, and embedding 64 - LSTM 64."""
    cnn = CNNEncoder((32, 64), width=64, patch_size=1, normalize=False, max_shift=0, dropout=0.0)
    lstm = LSTMEncoder(width=64, embedding_width=64)
    modalities = [
        ("image", Image(encoder=cnn), "image"),
        ("text", Text(encoder=lstm, max_length=LONGEST, max_words=10_000), "text"),
    ]
    settings = {"max_epochs": EPOCHS, "validation": None, "modality_dropout": 0.0}
    return FusionClassifier(
        [entry for entry in modalities if entry[0] in names],
        fusion=ConcatFusion(width=0),
        batch_size=32,
        random_state=0,
        learning_rate_schedule="constant",
        **(settings | params),
    )


def by_hand(network, values, masks, y, epochs=EPOCHS):
    """Train with a plain loop: channels first, default Adam, texts padded to 256."""
    optimizer = torch.optim.Adam(network.parameters())
    for _ in range(epochs):
        for rows in torch.randperm(len(y), device=y.device).split(32):
            inputs = {name: part.index_select(0, rows) for name, part in values.items()}
            read = {name: mask.index_select(0, rows) for name, mask in masks.items()}
            loss = functional.cross_entropy(network(inputs, read)["y"], y.index_select(0, rows))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def plain(network):
    """Return the network as one writes it by hand: channels first."""
    network = copy.deepcopy(network).train()
    for module in network.modules():
        if type(module).__name__ == "_CNNEncoder":
            module.to(memory_format=torch.contiguous_format)
            module.forward = lambda values, mask=None, layers=module.layers: layers(values)
    return network


def rows(quick=False):
    """Return the rows of the table."""
    n = 66 if quick else 2_000
    images, texts, y = data(n)
    X = MultiModalFrame({"image": images, "text": texts})
    labels, found = torch.from_numpy(y).to(DEVICE), []
    for names, work in [(("image",), "CNN alone"), (("image", "text"), "CNN and LSTM")]:
        few = classifier(names, max_epochs=1).fit(X, y)
        blocks = few._blocks(X)
        values = {k: torch.from_numpy(np.asarray(b.values)).to(DEVICE) for k, b in blocks.items()}
        values = {k: v.float() if v.is_floating_point() else v.long() for k, v in values.items()}
        masks = {
            k: torch.from_numpy(b.mask).to(DEVICE) for k, b in blocks.items() if b.mask is not None
        }
        twin = plain(few.network_)
        runs = {
            "ours": lambda names=names: classifier(names).fit(X, y),
            "ours in bfloat16": lambda names=names: classifier(names, dtype="bfloat16").fit(X, y),
            "loop by hand": lambda twin=twin, values=values, masks=masks: by_hand(
                copy.deepcopy(twin), values, masks, labels
            ),
        }
        seconds = interleaved(runs, rounds=1 if quick else 3)
        for ours, named in [("ours", ""), ("ours in bfloat16", ', dtype="bfloat16"')]:
            note = f"{np.median(seconds[ours]) / EPOCHS:.2f} s an epoch"
            claim = f"fit, {work}, n = {n}, batch 32{named}"
            found.append(below(claim, seconds, ours, "loop by hand", 0.60, note))
    return found


if __name__ == "__main__":
    print(*rows(), sep="\n")
