"""Synthetic multimodal data from a known generative model, with its Bayes predictor.

Both generators draw latent factors, and compute the features of the modalities and the target from
them (`_factors.py`).
"""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import Bunch, check_random_state

from sklearn_crossmodal.datasets._factors import (
    as_output,
    check_strengths,
    class_posterior,
    draw,
    simplex,
    target_posterior,
    weighted_sum,
)
from sklearn_crossmodal.utils._sklearn import Interval, validate_params

__all__ = ["make_multimodal_classification", "make_multimodal_regression"]

_SHARED_CONSTRAINTS = {
    "n_samples": [Interval(Integral, 1, None, closed="left")],
    "n_modalities": [Interval(Integral, 1, None, closed="left")],
    "n_features": [Interval(Integral, 1, None, closed="left"), "array-like"],
    "redundant": [Interval(Real, 0, None, closed="left")],
    "unique": [Interval(Real, 0, None, closed="left"), "array-like"],
    "synergy": [Interval(Real, 0, None, closed="left")],
    "n_noise_modalities": [Interval(Integral, 0, None, closed="left")],
    "missing_rate": [Interval(Real, 0, 1, closed="left")],
    "as_frame": ["boolean"],
    "return_X_y": ["boolean"],
    "random_state": ["random_state"],
}


@validate_params(
    {
        **_SHARED_CONSTRAINTS,
        "n_classes": [Interval(Integral, 2, None, closed="left")],
        "class_sep": [Interval(Real, 0, None, closed="left")],
        "flip_y": [Interval(Real, 0, 1, closed="both")],
    },
    prefer_skip_nested_validation=True,
)
def make_multimodal_classification(
    n_samples=100,
    *,
    n_modalities=2,
    n_features=10,
    n_classes=2,
    redundant=1.0,
    unique=1.0,
    synergy=0.0,
    n_noise_modalities=0,
    missing_rate=0.0,
    class_sep=2.0,
    flip_y=0.0,
    as_frame=False,
    return_X_y=True,
    random_state=None,
):
    r"""Draw a classification problem whose signal is shared, split or entangled across modalities.

    The signal has the three parts of a partial information decomposition [1]_, [2]_:

    - *redundant*: a factor that every modality contains, with independent noise;
    - *unique*: one factor per modality, contained in that modality only;
    - *synergistic*: one code per modality, of which only the sum modulo `n_classes` matters. With
      two classes and two modalities this is XOR. Any proper subset of the modalities contains no
      information about it.

    With K classes, the factors r and u_m are standard normal in K - 1 dimensions, the codes c_m
    uniform in 0, ..., K - 1, all independent, and v_0, ..., v_{K-1} the corners of a regular
    simplex with identity covariance (-1 and 1 for two classes). The class is

    .. math:: y = \arg\max_k \; v_k^\top \Bigl( a\, r + \sum_m b_m u_m
              + s\, v_{(\sum_m c_m) \bmod K} \Bigr)

    with a = `redundant`, b_m = `unique`, s = `synergy`. Modality m is

    .. math:: x_m = \gamma\, Q_m^\top \, [r, u_m, v_{c_m}] + \varepsilon_m,
              \qquad \varepsilon_m \sim N(0, I)

    with gamma = `class_sep` and Q_m random with orthonormal rows. Factors of strength zero are left
    out. The classes are equally likely.

    Parameters
    ----------
    n_samples : int, default=100
        Number of samples n.
    n_modalities : int, default=2
        Number of modalities with signal. They are named "m0", "m1", ...
    n_features : int or array-like of shape (n_modalities + n_noise_modalities,), default=10
        Number of features of each modality. A modality with signal needs `n_classes` - 1 of them
        for each of its factors.
    n_classes : int, default=2
        Number of classes K.
    redundant : float, default=1.0
        Strength of the factor of all modalities.
    unique : float or array-like of shape (n_modalities,), default=1.0
        Strength of the factors of single modalities, one number or one for each modality.
    synergy : float, default=0.0
        Strength of the synergistic factor. Needs at least two modalities.
    n_noise_modalities : int, default=0
        Number of further modalities of pure noise. Their names continue the numbering.
    missing_rate : float, default=0.0
        Probability that a sample lacks a modality, the same for all of them and independent of
        all values. Each sample keeps at least one modality, so with M modalities in total the rate
        is at most (M - 1) / M.
    class_sep : float, default=2.0
        Standard deviation of the factors in the features, against 1 for the noise. Larger values
        make the task easier.
    flip_y : float, default=0.0
        Probability that a class is replaced by one drawn uniformly from all classes.
    as_frame : bool, default=False
        If True, X is a pandas DataFrame with columns "m0__x0", "m0__x1", ..., NaN where a modality
        is absent, and y is a Series.
    return_X_y : bool, default=True
        If True, return ``(X, y)``; otherwise a Bunch that also contains the factors and the Bayes
        predictor.
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same data in each call.

    Returns
    -------
    X : MultiModalFrame of shape (n_samples, n_modalities + n_noise_modalities) or DataFrame
        The modalities, each of shape (n_samples, n_features) and dtype float64. Absent rows hold
        NaN.
    y : ndarray or Series of shape (n_samples,), int
        The classes.
    data : :class:`~sklearn.utils.Bunch`
        If `return_X_y=False`: X, y and the following attributes.

        y_clean : ndarray of shape (n_samples,), int
            The classes before `flip_y`.
        bayes_proba : ndarray of shape (n_samples, n_classes)
            The posterior probability of each class given X. No classifier has a better expected
            log-loss or accuracy.
        factors : dict of str to dict of str to ndarray of shape (n_samples, n_classes - 1)
            For each modality, its factors: those of "redundant", "unique" and "synergy" with a
            strength above zero. Empty for a modality of noise.
        loadings : dict of str to dict of str to ndarray of shape (n_classes - 1, n_features)
            In the same order, the rows of Q_m of each factor.

    Raises
    ------
    ValueError
        If all strengths are zero, `n_features` is too small, `missing_rate` too large, `synergy`
        set for one modality, or an array has the wrong length.

    See Also
    --------
    make_multimodal_regression : The same with numbers as target.
    sklearn.datasets.make_classification : Classification data of one modality.

    References
    ----------
    .. [1] P. L. Williams and R. D. Beer, "Nonnegative decomposition of multivariate information",
           2010. :arxiv:`1004.2515`
    .. [2] P. P. Liang et al., "Quantifying & modeling multimodal interactions: an information
           decomposition framework", NeurIPS 2023. :arxiv:`2302.12247`

    Examples
    --------
    >>> from sklearn_crossmodal.datasets import make_multimodal_classification
    >>> X, y = make_multimodal_classification(n_samples=200, missing_rate=0.2, random_state=0)
    >>> X.shape, X["m0"].shape, y.shape
    ((200, 2), (200, 10), (200,))

    XOR across two modalities, and the accuracy of the best possible classifier:

    >>> xor = make_multimodal_classification(
    ...     n_samples=1000, redundant=0, unique=0, synergy=1, return_X_y=False, random_state=0
    ... )
    >>> list(xor.factors["m0"])
    ['synergy']
    >>> round(float((xor.bayes_proba.argmax(axis=1) == xor.y).mean()), 2)
    0.97
    """
    rng = check_random_state(random_state)
    strengths = check_strengths(redundant, unique, synergy, n_modalities)
    corners = simplex(n_classes)
    codes = rng.randint(n_classes, size=(n_modalities, n_samples))
    drawn = draw(
        rng, strengths, corners[codes], n_features, n_noise_modalities, missing_rate, class_sep
    )
    pull = weighted_sum(strengths, drawn.gaussian) + synergy * corners[codes.sum(0) % n_classes]
    # No ties: they have probability 0, and with synergy alone the maximum is unique.
    y_clean = (pull @ corners.T).argmax(axis=1)
    flipped = rng.uniform(size=n_samples) < flip_y
    y = np.where(flipped, rng.randint(n_classes, size=n_samples), y_clean)

    X, y = as_output(drawn, y, as_frame)
    if return_X_y:
        return X, y
    proba = class_posterior(drawn, strengths, corners)
    return Bunch(
        X=X,
        y=y,
        y_clean=y_clean,
        bayes_proba=(1 - flip_y) * proba + flip_y / n_classes,
        factors=drawn.factors,
        loadings=drawn.loadings,
    )


@validate_params(
    {
        **_SHARED_CONSTRAINTS,
        "n_targets": [Interval(Integral, 1, None, closed="left")],
        "signal": [Interval(Real, 0, None, closed="left")],
        "noise": [Interval(Real, 0, None, closed="left")],
    },
    prefer_skip_nested_validation=True,
)
def make_multimodal_regression(
    n_samples=100,
    *,
    n_modalities=2,
    n_features=10,
    n_targets=1,
    redundant=1.0,
    unique=1.0,
    synergy=0.0,
    n_noise_modalities=0,
    missing_rate=0.0,
    signal=2.0,
    noise=0.0,
    as_frame=False,
    return_X_y=True,
    random_state=None,
):
    r"""Draw a regression problem whose signal is shared, split or entangled across modalities.

    The signal has the three parts of a partial information decomposition [1]_, [2]_:

    - *redundant*: a factor that every modality contains, with independent noise;
    - *unique*: one factor per modality, contained in that modality only;
    - *synergistic*: one sign per modality, of which only the product matters (parity). Any proper
      subset of the modalities contains no information about it.

    With T targets, the factors r and u_m are standard normal in T dimensions, the signs
    :math:`\sigma_m` uniform in {-1, 1}^T, all independent. The target is

    .. math:: y = a\, r + \sum_m b_m u_m + s \prod_m \sigma_m + \tau\, \eta,
              \qquad \eta \sim N(0, I)

    with a = `redundant`, b_m = `unique`, s = `synergy`, tau = `noise`. Modality m is

    .. math:: x_m = \gamma\, Q_m^\top \, [r, u_m, \sigma_m] + \varepsilon_m,
              \qquad \varepsilon_m \sim N(0, I)

    with gamma = `signal` and Q_m random with orthonormal rows. Factors of strength zero are left
    out. Each target has mean zero and variance a^2 + sum(b_m^2) + s^2 + tau^2.

    Parameters
    ----------
    n_samples : int, default=100
        Number of samples n.
    n_modalities : int, default=2
        Number of modalities with signal. They are named "m0", "m1", ...
    n_features : int or array-like of shape (n_modalities + n_noise_modalities,), default=10
        Number of features of each modality. A modality with signal needs `n_targets` of them for
        each of its factors.
    n_targets : int, default=1
        Number of targets T.
    redundant : float, default=1.0
        Strength of the factor of all modalities.
    unique : float or array-like of shape (n_modalities,), default=1.0
        Strength of the factors of single modalities, one number or one for each modality.
    synergy : float, default=0.0
        Strength of the synergistic factor. Needs at least two modalities.
    n_noise_modalities : int, default=0
        Number of further modalities of pure noise. Their names continue the numbering.
    missing_rate : float, default=0.0
        Probability that a sample lacks a modality, the same for all of them and independent of
        all values. Each sample keeps at least one modality, so with M modalities in total the rate
        is at most (M - 1) / M.
    signal : float, default=2.0
        Standard deviation of the factors in the features, against 1 for the noise. Larger values
        make the task easier.
    noise : float, default=0.0
        Standard deviation of the noise on the target.
    as_frame : bool, default=False
        If True, X is a pandas DataFrame with columns "m0__x0", "m0__x1", ..., NaN where a modality
        is absent, and y is a Series, or a DataFrame if there are several targets.
    return_X_y : bool, default=True
        If True, return ``(X, y)``; otherwise a Bunch that also contains the factors and the Bayes
        predictor.
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same data in each call.

    Returns
    -------
    X : MultiModalFrame of shape (n_samples, n_modalities + n_noise_modalities) or DataFrame
        The modalities, each of shape (n_samples, n_features) and dtype float64. Absent rows hold
        NaN.
    y : ndarray, Series or DataFrame of shape (n_samples,) or (n_samples, n_targets), float
        The targets.
    data : :class:`~sklearn.utils.Bunch`
        If `return_X_y=False`: X, y and the following attributes.

        y_clean : ndarray of the shape of y
            The targets before `noise`.
        bayes_prediction : ndarray of the shape of y
            The posterior mean of y given X. No regressor has a smaller expected squared error.
        factors : dict of str to dict of str to ndarray of shape (n_samples, n_targets)
            For each modality, its factors: those of "redundant", "unique" and "synergy" with a
            strength above zero. Empty for a modality of noise.
        loadings : dict of str to dict of str to ndarray of shape (n_targets, n_features)
            In the same order, the rows of Q_m of each factor.

    Raises
    ------
    ValueError
        If all strengths are zero, `n_features` is too small, `missing_rate` too large, `synergy`
        set for one modality, or an array has the wrong length.

    See Also
    --------
    make_multimodal_classification : The same with classes as target.
    sklearn.datasets.make_regression : Regression data of one modality.

    References
    ----------
    .. [1] P. L. Williams and R. D. Beer, "Nonnegative decomposition of multivariate information",
           2010. :arxiv:`1004.2515`
    .. [2] P. P. Liang et al., "Quantifying & modeling multimodal interactions: an information
           decomposition framework", NeurIPS 2023. :arxiv:`2302.12247`

    Examples
    --------
    >>> from sklearn.metrics import r2_score
    >>> from sklearn_crossmodal.datasets import make_multimodal_regression
    >>> X, y = make_multimodal_regression(n_samples=200, random_state=0)
    >>> X.shape, X["m0"].shape, y.shape
    ((200, 2), (200, 10), (200,))

    The best possible score of a regressor:

    >>> data = make_multimodal_regression(n_samples=1000, return_X_y=False, random_state=0)
    >>> round(r2_score(data.y, data.bayes_prediction), 2)
    0.83
    """
    rng = check_random_state(random_state)
    strengths = check_strengths(redundant, unique, synergy, n_modalities)
    signs = 2.0 * rng.randint(2, size=(n_modalities, n_samples, n_targets)) - 1
    drawn = draw(rng, strengths, signs, n_features, n_noise_modalities, missing_rate, signal)
    y_clean = weighted_sum(strengths, drawn.gaussian) + synergy * signs.prod(axis=0)
    y = y_clean + noise * rng.normal(size=y_clean.shape)
    if n_targets == 1:
        y, y_clean = y[:, 0], y_clean[:, 0]

    X, y = as_output(drawn, y, as_frame)
    if return_X_y:
        return X, y
    return Bunch(
        X=X,
        y=y,
        y_clean=y_clean,
        bayes_prediction=target_posterior(drawn, strengths).reshape(y_clean.shape),
        factors=drawn.factors,
        loadings=drawn.loadings,
    )
