from sklearn_crossmodal.utils._progress import progress


def test_all_items_pass_in_order():
    assert list(progress(range(7), total=7, label="reading", verbose=0)) == list(range(7))


def test_long_work_is_shown_on_the_error_stream_where_it_is_asked_for(capsys):
    list(progress(range(7), total=7, label="reading photo", verbose=1))
    shown = capsys.readouterr()
    assert "reading photo" in shown.err
    assert "7/7" in shown.err
    assert shown.out == ""


def test_short_work_is_not_shown(capsys):
    list(progress(range(3), total=3, label="reading", verbose=1))
    assert capsys.readouterr().err == ""


def test_nothing_is_shown_unless_asked_for(capsys):
    list(progress(range(100), total=100, label="reading", verbose=0))
    assert capsys.readouterr().err == ""


def test_steps_have_the_name_that_is_given(capsys):
    list(progress(range(7), total=7, label="downloading", verbose=1, unit="MiB"))
    assert "MiB/s" in capsys.readouterr().err
