"""The generative model of the synthetic data: latent factors, loadings, and the Bayes predictor.

A factor is an array of shape (n, width). There are three kinds: a Gaussian factor that all
modalities contain ("redundant"), a Gaussian factor of each modality ("unique"), and a discrete code
of each modality, of which only the combination of all codes matters ("synergy"). The posterior of
the target is computed exactly, since all factors are Gaussian or discrete.
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg import helmert
from scipy.special import ndtr, softmax

from sklearn_crossmodal.data import MultiModalFrame
from sklearn_crossmodal.utils import import_optional

__all__ = [
    "Drawn",
    "Strengths",
    "as_output",
    "check_strengths",
    "class_posterior",
    "draw",
    "simplex",
    "target_posterior",
    "weighted_sum",
]


class Strengths(NamedTuple):
    """Coefficients of each part of the signal in the target."""

    redundant: float
    unique: np.ndarray  # (M,)
    synergy: float


class Drawn(NamedTuple):
    """All random variables but the target. N modalities in total, M of them with signal."""

    gaussian: np.ndarray  # (1 + M, n, width): the redundant factor, then the unique ones
    factors: dict  # modality -> factor -> (n, width)
    loadings: dict  # modality -> factor -> (width, n_features)
    features: dict  # modality -> (n, n_features)
    present: np.ndarray  # (n, N), bool
    scale: float


def check_strengths(redundant, unique, synergy, n_modalities):
    """Return the unique strengths as (n_modalities,) floats; raise if there is no signal."""
    unique = _per_modality("unique", unique, n_modalities).astype(float)
    if not (np.isfinite(unique) & (unique >= 0)).all():
        raise ValueError(f"unique must hold finite numbers of at least 0, got {unique}.")
    if synergy > 0 and n_modalities == 1:
        raise ValueError("synergy needs n_modalities of at least 2: it combines modalities.")
    if not (redundant or unique.any() or synergy):
        raise ValueError(
            "redundant, unique and synergy are all 0, so y would not depend on X: set one of them "
            "above 0. For data without signal, permute y."
        )
    return Strengths(redundant, unique, synergy)


def _per_modality(name, values, n_modalities):
    values = np.asarray(values)
    if values.shape not in ((), (n_modalities,)) or values.dtype.kind not in "iuf":
        raise ValueError(
            f"{name} must be one number or {n_modalities}, one for each modality, got "
            f"{values.tolist()}."
        )
    return np.broadcast_to(values, n_modalities)


def draw(rng, strengths, codes, n_features, n_noise_modalities, missing_rate, scale):
    """Draw factors, loadings and features; `codes` (M, n, width) are the synergistic factors."""
    n_signal, n_samples, width = codes.shape
    names = [f"m{m}" for m in range(n_signal + n_noise_modalities)]
    gaussian = rng.normal(size=(1 + n_signal, n_samples, width))
    factors = {name: {} for name in names}
    for m, name in enumerate(names[:n_signal]):
        parts = {
            "redundant": (strengths.redundant, gaussian[0]),
            "unique": (strengths.unique[m], gaussian[1 + m]),
            "synergy": (strengths.synergy, codes[m]),
        }
        factors[name] = {part: values for part, (strength, values) in parts.items() if strength > 0}

    n_features = _check_n_features(n_features, factors, width)
    loadings, features = {}, {}
    for name, d in zip(names, n_features):
        parts = factors[name]
        rows = np.linalg.qr(rng.normal(size=(d, len(parts) * width)))[0].T
        loadings[name] = dict(zip(parts, rows.reshape(len(parts), width, d)))
        features[name] = rng.normal(size=(n_samples, d)) + scale * sum(
            parts[part] @ loading for part, loading in loadings[name].items()
        )
    present = _draw_present(rng, n_samples, len(names), missing_rate)
    return Drawn(gaussian, factors, loadings, features, present, scale)


def _check_n_features(n_features, factors, width):
    n_features = _per_modality("n_features", n_features, len(factors))
    if n_features.dtype.kind == "f":
        raise ValueError(f"n_features must hold integers, got {n_features.tolist()}.")
    for d, (name, parts) in zip(n_features, factors.items()):
        if d < max(1, len(parts) * width):
            raise ValueError(
                f"Modality {name!r} has {len(parts)} factors of {width} dimensions, so it needs "
                f"n_features of at least {max(1, len(parts) * width)}, got {d}."
            )
    return n_features


def _draw_present(rng, n_samples, n_modalities, missing_rate):
    """Draw the presence mask: (n, N), bool, at least one True per row."""
    largest = 1 - 1 / n_modalities
    if missing_rate > largest:
        raise ValueError(
            f"missing_rate must be at most {largest:.3g} with {n_modalities} modalities in total, "
            f"since each sample keeps at least one, got {missing_rate}."
        )
    present = np.ones((n_samples, n_modalities), dtype=bool)
    if missing_rate > 0:
        # One modality of each sample is always kept, so the rate of the others is higher.
        present = rng.uniform(size=present.shape) >= missing_rate / largest
        present[np.arange(n_samples), rng.randint(n_modalities, size=n_samples)] = True
    return present


def weighted_sum(strengths, gaussian):
    """Return a r + sum_m b_m u_m: (1 + M, n, width) -> (n, width)."""
    return np.tensordot([strengths.redundant, *strengths.unique], gaussian, axes=1)


def as_output(drawn, y, as_frame):
    """Return X and y as arrays or as data frames, with NaN where a modality is missing."""
    X = {
        name: np.where(drawn.present[:, [m]], values, np.nan)
        for m, (name, values) in enumerate(drawn.features.items())
    }
    if not as_frame:
        return MultiModalFrame(X), y
    pandas = import_optional("pandas", extra="dataframes", purpose="as_frame=True")
    columns = [f"{name}__x{i}" for name, values in X.items() for i in range(values.shape[1])]
    table = pandas.DataFrame(np.hstack(list(X.values())), columns=columns)
    if y.ndim == 1:
        return table, pandas.Series(y, name="target")
    return table, pandas.DataFrame(y, columns=[f"target{i}" for i in range(y.shape[1])])


# The Bayes predictor ---------------------------------------------------------------------------


def _evidence(drawn, m, part):
    """Return the projection of modality m onto a factor, zero where it is missing."""
    loading = drawn.loadings[f"m{m}"].get(part)
    if loading is None:
        return np.zeros(drawn.gaussian.shape[1:])
    return (drawn.features[f"m{m}"] @ loading.T) * drawn.present[:, [m]]  # (n, width)


def _gaussian_posterior(drawn, strengths):
    """Mean (n, width) and variance (n, 1) of a r + sum_m b_m u_m given the features."""
    n_signal, scale = len(strengths.unique), drawn.scale
    present = drawn.present[:, :n_signal]
    shrink = 1 / (1 + scale**2 * present.sum(axis=1, keepdims=True))
    evidence = sum(_evidence(drawn, m, "redundant") for m in range(n_signal))
    mean = strengths.redundant * scale * shrink * evidence
    variance = strengths.redundant**2 * shrink
    for m, strength in enumerate(strengths.unique):
        shrink = 1 / (1 + scale**2 * present[:, [m]])
        mean = mean + strength * scale * shrink * _evidence(drawn, m, "unique")
        variance = variance + strength**2 * shrink
    return mean, variance


def target_posterior(drawn, strengths):
    """Mean of the target given the features: (n, T)."""
    mean, _ = _gaussian_posterior(drawn, strengths)
    signs = [
        np.tanh(drawn.scale * _evidence(drawn, m, "synergy")) for m in range(len(strengths.unique))
    ]
    return mean + strengths.synergy * np.prod(signs, axis=0)


def class_posterior(drawn, strengths, corners):
    """Probability of each class given the features: (n, K)."""
    n_classes = len(corners)
    mean, variance = _gaussian_posterior(drawn, strengths)
    code = np.eye(n_classes)[np.zeros(len(mean), dtype=int)]  # the empty sum is 0
    for m in range(len(strengths.unique)):
        added = softmax(drawn.scale * _evidence(drawn, m, "synergy") @ corners.T, axis=1)
        # The distribution of a sum modulo K is the circular convolution of the distributions.
        code = sum(code[:, [j]] * np.roll(added, j, axis=1) for j in range(n_classes))
    if not variance.any():  # synergy alone: the code is the class
        return code
    proba = np.zeros_like(code)
    for k in range(n_classes):
        # The scores' covariance is variance * (K I - 1 1^T): independent up to a common shift.
        scores = (mean + strengths.synergy * corners[k]) @ corners.T / np.sqrt(n_classes * variance)
        proba += code[:, [k]] * _probability_of_largest(scores)
    return proba


def _probability_of_largest(means):
    """Probability that each of K independent normals of variance 1 is the largest: (n, K)."""
    ahead = means[:, :, None] - means[:, None, :]  # (n, K, K)
    ahead[:, np.arange(means.shape[1]), np.arange(means.shape[1])] = np.inf
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    proba = sum(w * ndtr(node + ahead).prod(axis=2) for node, w in zip(nodes, weights))
    return proba / proba.sum(axis=1, keepdims=True)


def simplex(n_classes):
    """Corners of a regular simplex, centred, with identity covariance: (K, K - 1)."""
    return -np.sqrt(n_classes) * helmert(n_classes).T
