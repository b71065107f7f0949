"""Names of emoji from their pictures, test split, with the floors beside; writes CAPTIONS.md.

Run by ``make bench-captions``. The test split is looked at here and nowhere else; settings were
chosen by cross-validation in the training rows, see the notes of `CrossModalGenerator`.
"""

import platform
import re
import time
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from sklearn.neighbors import NearestNeighbors

from sklearn_crossmodal import CrossModalGenerator, Image
from sklearn_crossmodal.datasets import load_emoji
from sklearn_crossmodal.metrics import bleu_score

SEEDS = [0, 1, 2]
ORDERS = [1, 2, 4]
RESULTS = Path(__file__).with_name("CAPTIONS.md")
HEADER = """# Emoji: names from pictures, test split

`make bench-captions`; {n_train} train, {n_test} test pictures; seeds {seeds}; torch {torch}, \
{threads} threads, {machine}. Mean and standard deviation over the seeds.

Pictures go through `Image(encoder="mlp")` for 100 epochs; all else is as it is by default.

BLEU of the whole test split times 100, of up to 1, 2 and 4 words in a row, of lowercase names \
without punctuation, those of the floors too. Names have {length:.1f} words on average: few have \
four in a row. No two emoji share a name, so that the most frequent name is any; the best constant \
is the training name that has the highest BLEU-2 on the training names. {n_unknown:.0%} of the \
words of the test names are in no training name.

| names | BLEU-1 | BLEU-2 | BLEU-4 | exact | log-likelihood of a token | seconds a fit |
|---|---|---|---|---|---|---|"""


def plain(names):
    """Return lowercase words without punctuation."""
    return [" ".join(re.findall(r"\w+", name.lower())) for name in names]


def best_constant(names):
    """Return the name with the highest BLEU-2 where it is said of all."""
    counts = Counter(word for name in names for word in name.split())

    def promise(name):
        return np.mean([counts[word] for word in name.split()])

    tried = sorted(set(names), key=promise)[-100:]
    return max(tried, key=lambda name: bleu_score(names, [name] * len(names), max_ngram_order=2))


def floors(images, names, test_images):
    """Yield what needs no network, and the name it says of each test picture."""
    n_test = len(test_images)
    yield "most frequent name", [Counter(names).most_common(1)[0][0]] * n_test
    yield "best constant name", [best_constant(names)] * n_test
    rows = [part.reshape(len(part), -1) / 255 for part in (images, test_images)]
    nearest = (
        NearestNeighbors(n_neighbors=1).fit(rows[0]).kneighbors(rows[1], return_distance=False)
    )
    yield "name of the nearest picture", [names[place] for place in nearest[:, 0]]


def scores(names, said):
    """Return the BLEU scores, times 100, and the share of names that are right."""
    bleu = [100 * bleu_score(names, said, max_ngram_order=order) for order in ORDERS]
    return [*bleu, np.mean([one == other for one, other in zip(names, said, strict=True)])]


def row(name, found, *further):
    """Return a row of the table from the scores of each seed."""
    means, spreads = np.mean(found, axis=0), np.std(found, axis=0)
    single = len(found) == 1
    cells = [
        f"{mean:.1f}" if single else f"{mean:.1f} ± {spread:.1f}"
        for mean, spread in zip(means[:-1], spreads[:-1], strict=True)
    ]
    return f"| {name} | {' | '.join(cells)} | {means[-1]:.3f} | {' | '.join(further)} |"


def generator(seed):
    """Return the generator that is measured.

    By cross-validation in the training rows a picture as one row of pixels is worth more here than
    its convolutions, as it is for the nearest picture: much of the art recurs in its place.
    """
    modalities = [("image", Image(encoder="mlp"), "image")]
    return CrossModalGenerator(modalities, max_epochs=100, random_state=seed)


def main():
    """Print and write the table."""
    train, test = (load_emoji(split=split) for split in ("train", "test"))
    names, test_names = plain(train.name), plain(test.name)
    X, X_test = train.data[["image"]], test.data[["image"]]
    known = {word for name in names for word in name.split()}
    words = [word for name in test_names for word in name.split()]
    header = HEADER.format(
        n_train=len(names),
        n_test=len(test_names),
        seeds=SEEDS,
        torch=torch.__version__,
        threads=torch.get_num_threads(),
        machine=platform.machine(),
        length=len(words) / len(test_names),
        n_unknown=np.mean([word not in known for word in words]),
    )
    lines = [header]
    print(header, flush=True)
    for name, said in floors(X["image"], names, X_test["image"]):
        lines.append(row(name, [scores(test_names, said)], "", ""))
        print(lines[-1], flush=True)
    fitted, seconds = [], []
    for seed in SEEDS:
        start = time.perf_counter()
        fitted.append(generator(seed).fit(X, names))
        seconds.append(time.perf_counter() - start)
    likely = [f"{np.mean([one.score(X_test, test_names) for one in fitted]):.2f}"]
    for label, params in {
        "`CrossModalGenerator`, beam search": {},
        "the same, greedy": {"n_beams": 1},
        "the same, drawn": {"temperature": 1.0},
    }.items():
        said = [one.set_params(**params).predict(X_test) for one in fitted]
        took = f"{np.median(seconds):.0f}" if not params else ""
        found = [scores(test_names, one) for one in said]
        lines.append(row(label, found, *(likely if not params else [""]), took))
        print(lines[-1], flush=True)
    RESULTS.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
