"""Find all estimators and components of the package, and the names that they reserve."""

import inspect
from functools import cache
from importlib import import_module

__all__ = ["all_components", "all_estimators", "reserved_names"]

_ESTIMATOR_MODULES = ("estimators", "ensemble", "alignment", "model_selection")
_REGISTRIES = {
    "modality": ("modalities", "MODALITIES"),
    "encoder": ("nn.encoders", "ENCODERS"),
    "fusion": ("nn.fusion", "FUSIONS"),
    "decoder": ("nn.decoders", "DECODERS"),
    "loss": ("nn.losses", "LOSSES"),
    "posterior": ("nn.variational", "POSTERIORS"),
    "companion": ("ensemble.companions", "COMPANIONS"),
}


def all_estimators(type_filter=None):
    """Return all estimator classes, hyperparameter searches included.

    Parameters
    ----------
    type_filter : {"network"}, default=None
        "network" returns estimators that train a network.

    Returns
    -------
    list of (str, type)
        Name and class, sorted by name.

    Raises
    ------
    ValueError
        If the type is unknown.

    Examples
    --------
    >>> from sklearn_crossmodal.utils.discovery import all_estimators
    >>> "FusionClassifier" in dict(all_estimators())
    True
    """
    modules = [import_module(f"sklearn_crossmodal.{module}") for module in _ESTIMATOR_MODULES]
    public = ((name, getattr(module, name)) for module in modules for name in module.__all__)
    found = sorted((name, one) for name, one in public if inspect.isclass(one))
    if type_filter is None:
        return found
    if type_filter != "network":
        raise ValueError(f"type_filter={type_filter!r} is neither None nor 'network'.")
    return [(name, one) for name, one in found if hasattr(one, "network_")]


def all_components(family=None):
    """Return the registered components: modalities, encoders, fusions, decoders and so on.

    Parameters
    ----------
    family : str, default=None
        "modality", "encoder", "fusion", "decoder", "loss", "posterior" or "companion"; None returns
        all families.

    Returns
    -------
    list of (str, str, type)
        Family, registered name and class.

    Raises
    ------
    ValueError
        If the family is unknown.

    Examples
    --------
    >>> from sklearn_crossmodal.utils.discovery import all_components
    >>> ("fusion", "concat") in [part[:2] for part in all_components()]
    True
    """
    if family is not None and family not in _REGISTRIES:
        raise ValueError(f"family={family!r} is not one of {list(_REGISTRIES)}.")
    families = _REGISTRIES if family is None else [family]
    found = []
    for key in families:
        module, registry = _REGISTRIES[key]
        components = getattr(import_module(f"sklearn_crossmodal.{module}"), registry)
        found += [(key, name, component) for name, component in components.items()]
    return found


@cache
def reserved_names() -> frozenset[str]:
    """Return the names that no modality may have: those of parameters beside `modalities`.

    A modality named like a parameter would hide it in `get_params`. A list of modalities of one
    estimator should work for the others too, so the parameters of all estimators are reserved.
    """
    # Imported when called: estimators are a higher layer than the modalities that call this.
    params = [inspect.signature(estimator).parameters for _, estimator in all_estimators()]
    return frozenset(name for names in params if "modalities" in names for name in names)


def check_pretrained(name):
    """Raise `ImportError`, with the command that installs it, if a pretrained encoder is missing.

    Parameters
    ----------
    name : str
        Of the encoder.
    """
    import_module("sklearn_crossmodal.nn.pretrained").PRETRAINED[name].check_installed(name)


def named_encoder(encoder):
    """Return the component for the name of a pretrained encoder or a list, others as they are.

    Parameters
    ----------
    encoder : str, list, component or nn.Module factory
        As the parameter `encoder` of a modality.

    Returns
    -------
    object
        A `Pretrained`, of texts a `JoinedEncoder` with the bag of words, or the encoder itself.

    Examples
    --------
    >>> from sklearn_crossmodal.utils.discovery import named_encoder
    >>> named_encoder("efficientnet_lite0"), named_encoder("cnn")
    (Pretrained(source='efficientnet_lite0'), 'cnn')
    """
    # Imported when called: networks stand beside the modalities, which read an encoder's settings.
    if not isinstance(encoder, str | list):
        return encoder
    known = import_module("sklearn_crossmodal.nn.pretrained").PRETRAINED
    parts = import_module("sklearn_crossmodal.nn.encoders")
    if isinstance(encoder, list):
        return parts.JoinedEncoder(encoder)
    if encoder not in known:
        return encoder
    is_text = known[encoder].size is None
    return parts.JoinedEncoder(["bag", encoder]) if is_text else parts.Pretrained(encoder)
