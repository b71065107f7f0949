"""Small checks that all layers share."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator

from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.utils._validation import draw_seed, error_prefix, restored_on_error

# error_prefix ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [ValueError, TypeError, ModalityError])
def test_an_error_keeps_its_type_and_says_who_speaks(kind):
    with (
        pytest.raises(kind, match=r"^Owner: modality 'a': wrong$") as caught,
        error_prefix("Owner: modality 'a'"),
    ):
        raise kind("wrong")
    assert type(caught.value) is kind


@pytest.mark.parametrize("inner", ["Owner: modality 'a'", "modality 'a'"])
def test_inner_and_outer_speakers_are_both_named_but_none_twice(inner):
    message = r"^Owner: modality 'a': wrong$"
    with pytest.raises(ValueError, match=message), error_prefix("Owner"), error_prefix(inner):
        raise ValueError("wrong")


@pytest.mark.parametrize(
    "error",
    [UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad byte"), ValueError(1, 2), ValueError()],
    ids=["decoding", "two arguments", "no message"],
)
def test_an_error_of_more_than_a_message_stays_whole_and_gains_a_note(error):
    args = error.args
    with pytest.raises(type(error)) as caught, error_prefix("Owner"):
        raise error
    assert caught.value is error
    assert error.args == args
    assert error.__notes__ == ["Raised for Owner."]


def test_other_errors_pass_as_they_are():
    with pytest.raises(KeyError) as caught, error_prefix("Owner"):
        raise KeyError("a")
    assert caught.value.args == ("a",)
    assert not hasattr(caught.value, "__notes__")


def test_where_nothing_is_wrong_nothing_is_said():
    with error_prefix("Owner"):
        answer = 42
    assert answer == 42


# restored_on_error --------------------------------------------------------------------------------


class Fitting(BaseEstimator):
    """An estimator that changes what it is, and then fails."""

    def __init__(self):
        self.kept_, self.changed_, self.deleted_ = 1, 2, 3

    def fail(self, error):
        with restored_on_error(self):
            self.changed_, self.new_, self._callback_fit_ctx = 7, 8, "context"
            del self.deleted_
            raise error


@pytest.mark.parametrize("error", [ValueError("wrong"), KeyboardInterrupt()], ids=repr)
def test_after_an_error_the_attributes_are_as_before(error):
    estimator = Fitting()
    with pytest.raises(type(error)):
        estimator.fail(error)
    del estimator._callback_fit_ctx  # scikit-learn's, for it to tear down
    assert vars(estimator) == {"kept_": 1, "changed_": 2, "deleted_": 3}


def test_without_an_error_the_attributes_stay():
    estimator = BaseEstimator()
    with restored_on_error(estimator):
        estimator.new_ = 8
    assert estimator.new_ == 8


# draw_seed --------------------------------------------------------------------------------------


def test_an_integer_always_draws_the_same_seed_and_a_random_state_another_each_time():
    assert draw_seed(0) == draw_seed(0) != draw_seed(1)
    state = np.random.RandomState(0)
    assert draw_seed(state) == draw_seed(0)
    assert draw_seed(state) != draw_seed(0)


def test_a_seed_is_an_integer_that_torch_takes():
    seed = draw_seed(None)
    assert isinstance(seed, int)
    assert 0 <= seed < 2**31


def test_what_is_no_random_state_is_refused():
    with pytest.raises(ValueError, match="cannot be used to seed"):
        draw_seed("seed")
