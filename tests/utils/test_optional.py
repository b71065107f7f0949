"""What is not required is imported when used, or its absence explained."""

import math

import pytest

from sklearn_crossmodal.utils import import_optional


def test_a_module_that_is_there_is_returned():
    assert import_optional("math", extra="images", purpose="Counting") is math


def test_a_submodule_is_returned_itself():
    module = import_optional("os.path", extra="images", purpose="Reading")
    assert module.join("a", "b")


def test_a_module_that_is_not_there_is_answered_with_the_command_that_installs_it():
    message = r'Reading images needs not_there: pip install "sklearn_crossmodal\[images\]"'
    with pytest.raises(ImportError, match=message) as caught:
        import_optional("not_there", extra="images", purpose="Reading images")
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)
