"""Component: the hyperparameters of a network part, built to an `nn.Module` for given shapes."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping, Sequence
from numbers import Integral

from sklearn.base import BaseEstimator
from torch import nn

from sklearn_crossmodal.exceptions import ModalityError

__all__ = ["Component", "Factory", "resolve"]


class Component(BaseEstimator):
    """The hyperparameters of a part of the network, built to an `nn.Module` for given shapes.

    A subclass stores its parameters in ``__init__``, defines their constraints in
    ``_parameter_constraints`` and has a method ``build``, whose arguments are those of its family:
    ``build(spec)`` for encoders, ``build(widths)`` for fusions, ``build(width, spec)`` for
    decoders, ``build()`` for losses. Being a `BaseEstimator`, it can be cloned and searched over:
    ``fusion__width``.

    Examples
    --------
    >>> from sklearn_crossmodal.nn.fusion import GatedFusion
    >>> GatedFusion(width=8).get_params()
    {'width': 8}
    >>> GatedFusion(width=0).build([3, 5])
    Traceback (most recent call last):
    ...
    sklearn.utils._param_validation.InvalidParameterError: The 'width' parameter of GatedFusion ...
    """

    #: Kinds of block that the component accepts; None means any.
    kinds: frozenset[str] | None = None
    _parameter_constraints: dict = {}


class Factory:
    """A user-defined `nn.Module` class, factory or instance, in place of a component.

    A class or factory is called with the arguments of a component's `build`. An instance is
    copied, never trained in place.

    Parameters
    ----------
    make : nn.Module, or callable that returns one
        As the user passed it.

    Examples
    --------
    >>> from torch import nn
    >>> from sklearn_crossmodal.nn import Factory
    >>> Factory(lambda spec: nn.Linear(spec, 2)).build(3)
    Linear(in_features=3, out_features=2, bias=True)
    """

    kinds = None

    def __init__(self, make: nn.Module | Callable[..., nn.Module]) -> None:
        self.make = make

    def build(self, *shapes) -> nn.Module:
        """Return the user-defined module.

        Parameters
        ----------
        *shapes
            As a component's `build` of the same family takes them.

        Returns
        -------
        nn.Module

        Raises
        ------
        TypeError
            If the factory returns something else.
        """
        if isinstance(self.make, nn.Module):
            return copy.deepcopy(self.make)
        module = self.make(*shapes)
        if not isinstance(module, nn.Module):
            raise TypeError(f"{self.make!r} returned {type(module).__name__}, not an nn.Module.")
        return module


def resolve(part, registry: Mapping[str, type[Component]], family: str):
    """Return a component for a name, a component or a user-defined module.

    Parameters
    ----------
    part : str, Component, nn.Module, or callable
        A name in the registry stands for the component with default parameters.
    registry : mapping of str to Component class
        The family's registry.
    family : str
        For the message: ``"encoder"``, ``"fusion"``, ...

    Returns
    -------
    Component or Factory

    Raises
    ------
    ModalityError
        If the name is not in the registry; the message lists the valid names.
    TypeError
        If `part` is of another type.

    Examples
    --------
    >>> from sklearn_crossmodal.nn import resolve
    >>> from sklearn_crossmodal.nn.fusion import FUSIONS
    >>> resolve("concat", FUSIONS, "fusion")
    ConcatFusion()
    >>> resolve("concatenate", {"concat": FUSIONS["concat"]}, "fusion")
    Traceback (most recent call last):
    ...
    sklearn_crossmodal.exceptions.ModalityError: unknown fusion 'concatenate'; valid: ['concat'].
    """
    if isinstance(part, str):
        if part not in registry:
            raise ModalityError(f"unknown {family} {part!r}; valid: {sorted(registry)}.")
        return registry[part]()
    if isinstance(part, Component):
        return part
    if inspect.isclass(part) and issubclass(part, Component):
        name = part.__name__
        raise TypeError(f"the {family} is the class {name}: pass an instance, {name}().")
    if isinstance(part, nn.Module) or callable(part):
        return Factory(part)
    raise TypeError(
        f"a {family} is a name ({sorted(registry)}), a component, or an nn.Module class or factory;"
        f" got {part!r}."
    )


def check_kind(component, kind: str, registry: Mapping[str, type[Component]], family: str) -> None:
    """Raise if the component does not accept blocks of this kind; name those that do."""
    if component.kinds is None or kind in component.kinds:
        return
    fitting = sorted(name for name, part in registry.items() if kind in (part.kinds or {kind}))
    article = "An" if family[0] in "aeiou" else "A"
    raise ModalityError(
        f"it yields {kind!r} blocks, which {type(component).__name__} does not accept. "
        f"{article} {family} that does: {fitting}."
    )


def check_sizes(component: Component, name: str) -> Sequence[int]:
    """Return a parameter that is a sequence of sizes; raise if one is not a positive integer."""
    sizes = list(getattr(component, name))
    if not all(isinstance(size, Integral) and size > 0 for size in sizes):
        raise ValueError(
            f"{type(component).__name__}: {name}={getattr(component, name)!r} must hold positive "
            "integers."
        )
    return sizes


def n_arguments(forward: Callable) -> int:
    """Count the positional arguments that a module's `forward` takes, ``*args`` as one."""
    parameters = inspect.signature(forward).parameters.values()
    kinds = inspect.Parameter
    positional = (kinds.POSITIONAL_ONLY, kinds.POSITIONAL_OR_KEYWORD)
    return max(sum(parameter.kind in positional for parameter in parameters), 1)
