"""Names are made of the field's standard terms: file names, and private names in the package."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "sklearn_crossmodal"
GLOSSARY = ROOT / "docs" / "glossary.rst"

#: Layers whose names are still being reworked.
EXCLUDED = ()
#: Words that do not name a step of machine learning; use predict, score, encode, parameter, ...
BANNED = {
    "answers",
    "asked",
    "asks",
    "bent",
    "carried",
    "said",
    "speaker",
    "speaks",
    "tell",
    "told",
}
#: Standard terms in file names that need no entry in the glossary.
STANDARD_TERMS = [
    "adam",
    "adapters",
    "align",
    "aligned",
    "aligner",
    "alignment",
    "archive",
    "array",
    "arrays",
    "arrow",
    "attention",
    "audio",
    "autoencoder",
    "autoregressive",
    "auxiliary",
    "bag",
    "balance",
    "base",
    "baselines",
    "batch",
    "batched",
    "best",
    "bigrams",
    "binding",
    "blending",
    "bleu",
    "blocks",
    "bpe",
    "budget",
    "build",
    "cache",
    "callback",
    "callbacks",
    "canonical",
    "categorical",
    "category",
    "cells",
    "channels",
    "checks",
    "cifar10",
    "class",
    "classifier",
    "clip",
    "cloning",
    "cnn",
    "codes",
    "columns",
    "columnwise",
    "companions",
    "components",
    "concat",
    "config",
    "constant",
    "constructors",
    "containers",
    "context",
    "contrastive",
    "conv1d",
    "convergence",
    "correlation",
    "counts",
    "criterion",
    "cv",
    "data",
    "dataframe",
    "dataset",
    "datasets",
    "date",
    "datetime",
    "decoders",
    "device",
    "discovery",
    "dispatch",
    "download",
    "dtype",
    "efficientnet",
    "embedding",
    "embeddings",
    "encoders",
    "encoding",
    "entries",
    "entry",
    "error",
    "errors",
    "estimators",
    "exceptions",
    "expected",
    "ext",
    "external",
    "extra",
    "factors",
    "feature",
    "features",
    "fetchers",
    "file",
    "files",
    "fingerprint",
    "fit",
    "fitted",
    "folds",
    "foreign",
    "frame",
    "functions",
    "gain",
    "gated",
    "gaussian",
    "gcv",
    "generator",
    "gradient",
    "hashing",
    "heads",
    "hints",
    "html",
    "id",
    "image",
    "images",
    "imdb",
    "imputer",
    "incremental",
    "index",
    "indexing",
    "infer",
    "inference",
    "input",
    "interop",
    "interrupts",
    "intervals",
    "inverse",
    "io",
    "iterator",
    "joined",
    "kernel",
    "key",
    "label",
    "layers",
    "leaderboard",
    "learners",
    "leave",
    "lengths",
    "levels",
    "likelihoods",
    "limits",
    "linear",
    "loader",
    "loaders",
    "loop",
    "losses",
    "low",
    "map",
    "maps",
    "masked",
    "masking",
    "meta",
    "metrics",
    "minilm",
    "mixture",
    "mlp",
    "modal",
    "modalities",
    "model",
    "models",
    "modules",
    "moments",
    "multimodal",
    "mvtcae",
    "nesting",
    "net",
    "nets",
    "network",
    "networks",
    "nn",
    "normalization",
    "number",
    "numbers",
    "numeric",
    "numpy",
    "objectives",
    "observed",
    "one",
    "optimizers",
    "optional",
    "or",
    "ordinal",
    "output",
    "pandas",
    "parameters",
    "parsing",
    "penalty",
    "pipeline",
    "pixel",
    "pixels",
    "plan",
    "poe",
    "pool",
    "positive",
    "post",
    "predict",
    "preprocessing",
    "presence",
    "pretrained",
    "progress",
    "projection",
    "protocol",
    "protocols",
    "quantile",
    "range",
    "rank",
    "read",
    "reader",
    "reconstruction",
    "recurrent",
    "regressor",
    "retrieval",
    "retriever",
    "ridge",
    "rng",
    "rnn",
    "routing",
    "rows",
    "safety",
    "samples",
    "scaled",
    "scaler",
    "score",
    "scores",
    "scoring",
    "seen",
    "selection",
    "sequence",
    "shared",
    "shot",
    "sklearn",
    "slices",
    "smooth",
    "space",
    "spaces",
    "spectrogram",
    "split",
    "splits",
    "splitting",
    "stacked",
    "stacking",
    "statistics",
    "steps",
    "store",
    "subset",
    "subsets",
    "synthetic",
    "tabicl",
    "table",
    "tables",
    "tabular",
    "tags",
    "tape",
    "targets",
    "tensor",
    "text",
    "thread",
    "threads",
    "time",
    "to",
    "tokenizer",
    "tokens",
    "trained",
    "training",
    "trees",
    "truncation",
    "uncertainty",
    "unimodal",
    "units",
    "unnesting",
    "unseen",
    "utils",
    "validation",
    "variational",
    "vectorized",
    "vectorizer",
    "vectors",
    "view",
    "warnings",
    "waveform",
    "waveforms",
    "weight",
    "weighted",
    "weights",
    "wide",
    "word",
    "zero",
]

FILES = sorted(
    path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).parts[0] not in EXCLUDED
)


def glossary_words():
    terms = re.findall(r"^    (\w[\w -]*)$", GLOSSARY.read_text(encoding="utf-8"), re.MULTILINE)
    return {word for term in terms for word in re.split(r"[ -]", term.lower())}


def words_of(name):
    """Split an identifier at underscores and at capitals."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return [word for word in spaced.lower().split("_") if word]


def words_of_path(path):
    return [
        word
        for part in path.relative_to(PACKAGE).with_suffix("").parts
        for word in words_of(part)
        if part != "__init__"
    ]


def names_in(tree):
    """Yield the names of functions, classes, arguments, variables and attributes of a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr


def test_there_are_files():
    assert len(FILES) > 100


@pytest.mark.parametrize("name", ["a_told_b", "SaidOf", "_Speaker", "XMLTell"])
def test_banned_words_are_found_as_parts_of_names(name):
    assert BANNED & set(words_of(name))


def test_the_list_of_terms_is_sorted_and_not_in_the_glossary():
    assert sorted(set(STANDARD_TERMS)) == STANDARD_TERMS
    assert not set(STANDARD_TERMS) & glossary_words()


def test_file_names_are_made_of_standard_terms():
    known = glossary_words() | set(STANDARD_TERMS)
    unknown = {
        str(path.relative_to(PACKAGE)): words
        for path in FILES
        if (words := sorted({*words_of_path(path)} - known))
    }
    assert not unknown, f"Put new terms into {GLOSSARY.name} or STANDARD_TERMS: {unknown}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_names_have_no_banned_words(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not {name for name in names_in(tree) if BANNED & set(words_of(name))}
