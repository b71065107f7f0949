"""The contract of each family of parts, held by every part that is registered."""

import copy
import pickle
from contextlib import suppress
from functools import partial
from itertools import product

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.utils._param_validation import InvalidParameterError, generate_invalid_param_val

from sklearn_crossmodal.data import KINDS, PADDING, Block, BlockSpec
from sklearn_crossmodal.exceptions import ModalityError
from sklearn_crossmodal.nn import build_decoder, build_encoder, build_loss
from sklearn_crossmodal.nn.fusion import ConcatFusion
from sklearn_crossmodal.utils.discovery import all_components

SPECS = {
    "vector": BlockSpec("vector", (5,), quantiles=np.linspace([-2.0] * 5, [2.0] * 5, 65)),
    "codes": BlockSpec("codes", (1,), n_categories=(40,)),
    "tokens": BlockSpec("tokens", (6,), n_categories=20),
    "sequence": BlockSpec("sequence", (6, 3)),
    "grid": BlockSpec("grid", (3, 9, 7)),
}
WIDTHS = [3, 5, 2]
LENGTHS = [4, 1, 6, 3]  # of the rows of what has steps; none is a multiple of another's place
SHAPES = {"encoder": (SPECS["vector"],), "fusion": (WIDTHS,), "decoder": (4, SPECS["vector"])}
BUILDERS = {"encoder": build_encoder, "decoder": build_decoder, "loss": build_loss}


def parts(*families):
    found = [one for family in families for one in all_components(family)]
    return pytest.mark.parametrize(
        ("family", "part"),
        [(family, part) for family, _, part in found],
        ids=[f"{family}-{name}" for family, name, _ in found],
    )


def of(family):
    found = all_components(family)
    return pytest.mark.parametrize(
        "part", [part for _, _, part in found], ids=[name for _, name, _ in found]
    )


def by_kind(family, only=KINDS):
    """Each part of a family with each kind of block that it takes."""
    pairs = [
        pytest.param(part, kind, id=f"{name}-{kind}")
        for _, name, part in all_components(family)
        for kind in KINDS
        if kind in part.kinds and kind in only
    ]
    return pytest.mark.parametrize(("part", "kind"), pairs)


@pytest.fixture(autouse=True)
def _seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def draw(kind, n=4):
    """Return n rows of a kind, and which of their steps are there."""
    spec = SPECS[kind]
    if spec.n_categories is None:
        values = torch.randn(n, *spec.shape, dtype=torch.float64)
    else:
        values = torch.randint(int(np.max(spec.n_categories)), (n, *spec.shape))
    if kind not in {"tokens", "sequence"}:
        return values, None
    mask = torch.arange(spec.shape[0]) < torch.tensor(LENGTHS[:n])[:, None]
    return values, mask


def shapes_for(family, part):
    """Return what a part of the family is built from, of a kind it takes."""
    if family == "loss":
        return ()
    if family == "fusion":
        return (WIDTHS,)
    spec = SPECS[next(kind for kind in KINDS if kind in part.kinds)]
    return (spec,) if family == "encoder" else (4, spec)


def built(family, part, **params):
    """Return a part as a module in double precision, dropout off."""
    return part(**params).build(*shapes_for(family, part)).double().eval()


def run(family, module, part):
    """Return what the module makes of drawn input, the same at each call."""
    torch.manual_seed(1)
    if family == "fusion":
        return module(latents())
    if family == "decoder":
        return module(torch.randn(4, 4, dtype=torch.float64))
    kind = next(kind for kind in KINDS if kind in part.kinds)
    if family == "encoder":
        return module(*draw(kind))
    return module(*scores_and_target(module, kind)[:2])


# Components are estimators: named parameters, cloned, checked when built --------------------------

NETWORK_PARTS = parts("encoder", "fusion", "decoder", "loss")


@parts("encoder", "fusion", "decoder", "loss", "modality")
def test_clone_and_copy_keep_the_parameters(family, part):
    component = part()
    for twin in (clone(component), copy.deepcopy(component), pickle.loads(pickle.dumps(component))):
        assert twin is not component
        assert twin.get_params() == component.get_params()


@parts("encoder", "fusion", "decoder", "loss", "modality")
def test_each_parameter_can_be_set_by_name_alone(family, part):
    for name in part().get_params():
        marker = object()
        changed = part().set_params(**{name: marker})
        assert changed.get_params(deep=False)[name] is marker
        assert {**changed.get_params(deep=False), name: 0} == {**part().get_params(), name: 0}


@NETWORK_PARTS
def test_each_parameter_has_a_constraint(family, part):
    assert set(part._parameter_constraints) == set(part().get_params())


@NETWORK_PARTS
def test_an_invalid_parameter_is_named_when_the_part_is_built(family, part):
    for name, constraints in part._parameter_constraints.items():
        for wrong in [object(), *invalid_values(constraints)]:
            component = part(**{name: wrong})  # not before: parameters are only stored
            with pytest.raises(InvalidParameterError, match=f"'{name}' .* {part.__name__}"):
                component.build(*shapes_for(family, part))


def invalid_values(constraints):
    for constraint in constraints:
        with suppress(NotImplementedError):  # None, booleans, arrays: `object()` is none of them
            yield generate_invalid_param_val(constraint)


@NETWORK_PARTS
@pytest.mark.parametrize("sizes", [(0,), (8, -1), (1.5,), ("a",)])
def test_sizes_that_are_no_positive_integers_are_refused(family, part, sizes):
    for name in {"channels", "hidden_widths"} & set(part().get_params()):
        with pytest.raises(ValueError, match=f"{part.__name__}: {name}="):
            part(**{name: sizes}).build(*shapes_for(family, part))


@NETWORK_PARTS
def test_building_leaves_the_parameters_as_they_are(family, part):
    component = part()
    before = dict(vars(component))
    component.build(*shapes_for(family, part))
    assert vars(component) == before


@NETWORK_PARTS
def test_the_seed_decides_the_weights_and_no_two_builds_share_them(family, part):
    modules = []
    for _ in range(2):
        torch.manual_seed(3)
        modules.append(part().build(*shapes_for(family, part)))
    for first, second in zip(*(module.parameters() for module in modules), strict=True):
        assert first is not second
        assert torch.equal(first, second)


@NETWORK_PARTS
def test_a_built_module_survives_pickle_and_copy(family, part):
    module = built(family, part)
    expected = run(family, module, part)
    for twin in (pickle.loads(pickle.dumps(module)), copy.deepcopy(module)):
        assert torch.equal(run(family, twin, part), expected)


@parts("encoder", "fusion")
def test_out_features_says_the_width_of_the_result(family, part):
    settings = {"width": 8} if "width" in part().get_params() else {}
    module = built(family, part, **settings)
    assert run(family, module, part).shape == (4, module.out_features)
    if settings and part is not ConcatFusion:  # whose width is that of one of its parts
        assert module.out_features == 8


@parts("encoder", "decoder", "loss")
def test_a_kind_that_the_part_does_not_take_gets_the_names_of_those_that_do(family, part):
    registry = {name: one for _, name, one in all_components(family)}
    for kind in set(KINDS) - part.kinds:
        fitting = sorted(name for name, one in registry.items() if kind in one.kinds)
        shapes = (4, SPECS[kind]) if family == "decoder" else (SPECS[kind],)
        with pytest.raises(ModalityError) as caught:
            BUILDERS[family](part(), *shapes)
        message = str(caught.value)
        assert repr(kind) in message
        assert part.__name__ in message
        assert f"{family} that does: {fitting}" in message


# Encoders ----------------------------------------------------------------------------------------


@by_kind("encoder")
def test_encoder_gives_one_latent_a_row(part, kind):
    encoder = part().build(SPECS[kind]).double().eval()
    values, mask = draw(kind)
    for one in (mask, None):
        latent = encoder(values, one)
        assert latent.shape == (4, encoder.out_features)
        assert latent.dtype == torch.float64
        assert torch.cdist(latent, latent).fill_diagonal_(1).min() > 1e-6  # rows are told apart


@by_kind("encoder")
def test_encoder_gives_a_row_the_same_latent_in_any_batch(part, kind):
    encoder = part().build(SPECS[kind]).double().eval()
    values, mask = draw(kind)
    latent = encoder(values, mask)
    for row in range(4):
        alone = encoder(values[row : row + 1], None if mask is None else mask[row : row + 1])
        torch.testing.assert_close(alone, latent[row : row + 1])


@by_kind("encoder", only=("tokens", "sequence"))
def test_encoder_ignores_what_stands_behind_the_mask(part, kind):
    encoder = part().build(SPECS[kind]).double().eval()
    values, mask = draw(kind)
    mask[1] = False  # a row of no steps, too
    other = values.clone()
    other[~mask] = draw(kind)[0][~mask]
    assert not torch.equal(values, other)
    torch.testing.assert_close(encoder(other, mask), encoder(values, mask))


@by_kind("encoder", only=("tokens", "sequence"))
def test_encoder_takes_no_mask_for_all_steps(part, kind):
    encoder = part().build(SPECS[kind]).double().eval()
    values, mask = draw(kind)
    torch.testing.assert_close(encoder(values, None), encoder(values, torch.ones_like(mask)))


@by_kind("encoder", only=("tokens", "sequence"))
def test_encoder_hears_every_step(part, kind):
    encoder = part().build(SPECS[kind]).double().eval()
    values, _ = draw(kind)
    latent = encoder(values, None)
    for step in range(values.shape[1]):
        other = values.clone()
        # A token of no other place, so that a bag of distinct tokens changes as well.
        other[:, step] = 19 if kind == "tokens" else other[:, step] + 1
        values_differ = (other != values).flatten(1).any(dim=1)
        latents_differ = (encoder(other, None) - latent).abs().amax(dim=1) > 1e-9
        assert torch.equal(values_differ, latents_differ)


@by_kind("encoder", only=("tokens", "sequence"))
def test_encoder_makes_something_finite_of_rows_without_steps(part, kind):
    encoder = part().build(SPECS[kind]).double()
    values, mask = draw(kind)
    latent = encoder(values, torch.zeros_like(mask))
    latent.sum().backward()
    assert latent.isfinite().all()
    grads = [weight.grad for weight in encoder.parameters() if weight.grad is not None]
    assert all(grad.isfinite().all() for grad in grads)


@by_kind("encoder")
def test_every_weight_of_an_encoder_learns(part, kind):
    encoder = part().build(SPECS[kind]).double().eval()
    assert_every_weight_learns(encoder, encoder(*draw(kind)))


@by_kind("encoder")
def test_encoder_works_in_single_precision_on_one_row_in_training(part, kind):
    encoder = part().build(SPECS[kind])
    values, mask = draw(kind, n=1)
    values = values.float() if values.is_floating_point() else values
    assert encoder(values, mask).dtype == torch.float32


def assert_every_weight_learns(module, output):
    (output * torch.randn_like(output)).sum().backward()
    for name, weight in module.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.abs().sum() > 0, name


# Fusions -----------------------------------------------------------------------------------------

PATTERNS = [pattern for pattern in product([True, False], repeat=3) if any(pattern)]


def latents(n=4):
    return [torch.randn(n, width, dtype=torch.float64, requires_grad=True) for width in WIDTHS]


def presence(*pattern):
    return torch.tensor(pattern).expand(4, -1)


@of("fusion")
def test_fusion_hears_every_modality(part):
    fusion, zs = built("fusion", part), latents()
    fused = fusion(zs)
    (fused * torch.randn_like(fused)).sum().backward()
    assert all((z.grad.abs().sum(dim=1) > 0).all() for z in zs)


@of("fusion")
def test_fusion_lets_no_row_see_another(part):
    fusion, zs = built("fusion", part), latents(len(PATTERNS))
    present = torch.tensor(PATTERNS)
    fused = fusion(zs, present)
    for row in range(len(PATTERNS)):
        alone = fusion([z[row : row + 1] for z in zs], present[row : row + 1])
        torch.testing.assert_close(fused[row : row + 1], alone)


@pytest.mark.parametrize("pattern", PATTERNS, ids=str)
@of("fusion")
def test_what_an_absent_modality_holds_changes_nothing(part, pattern):
    fusion, zs, present = built("fusion", part), latents(), presence(*pattern)
    expected = fusion(zs, present)
    contents = [torch.zeros_like, torch.randn_like]
    contents += [partial(torch.full_like, fill_value=one) for one in (1e30, np.nan, np.inf)]
    for content in contents:
        held = [
            z if there else content(z).requires_grad_()
            for z, there in zip(zs, pattern, strict=True)
        ]
        fused = fusion(held, present)
        assert torch.equal(fused, expected)
        fusion.zero_grad()
        fused.sum().backward()
        assert all(w.grad is None or w.grad.isfinite().all() for w in fusion.parameters())
        for z, there in zip(held, pattern, strict=True):
            assert there or z.grad is None or not z.grad.any()  # nor does it learn from this


@of("fusion")
def test_hiding_a_modality_changes_the_result(part):
    fusion, zs = built("fusion", part), latents()
    fused = fusion(zs, presence(True, True, True))
    for m in range(3):
        pattern = [place != m for place in range(3)]
        assert ((fusion(zs, presence(*pattern)) - fused).abs().amax(dim=1) > 1e-6).all()


@of("fusion")
def test_no_presence_means_that_all_are_present(part):
    fusion, zs = built("fusion", part), latents()
    torch.testing.assert_close(fusion(zs), fusion(zs, presence(True, True, True)))


@of("fusion")
def test_fusion_of_one_modality_works(part):
    fusion = part().build([5]).double().eval()
    latent = torch.randn(4, 5, dtype=torch.float64)
    fused = fusion([latent])
    assert fused.shape == (4, fusion.out_features)
    assert fused.std(dim=0).max() > 0
    torch.testing.assert_close(fusion([latent], torch.ones(4, 1, dtype=torch.bool)), fused)


@of("fusion")
def test_every_weight_of_a_fusion_learns(part):
    fusion = built("fusion", part)
    present = torch.tensor(PATTERNS)
    assert_every_weight_learns(fusion, fusion(latents(len(PATTERNS)), present))


# Decoders ----------------------------------------------------------------------------------------


@by_kind("decoder")
def test_decoder_scores_what_its_kind_holds(part, kind):
    spec = SPECS[kind]
    scores = part().build(4, spec)(torch.randn(3, 4))
    n_categories = () if spec.n_categories is None else (int(np.max(spec.n_categories)),)
    if kind == "codes":  # scores of one column need no axis for columns
        scores = scores.reshape(3, 1, -1)
    assert scores.shape == (3, *spec.shape, *n_categories)


@by_kind("decoder")
def test_decoder_lets_no_row_see_another(part, kind):
    decoder = part().build(4, SPECS[kind]).double().eval()
    latent = torch.randn(3, 4, dtype=torch.float64)
    scores = decoder(latent)
    assert scores.dtype == torch.float64
    torch.testing.assert_close(scores[1:2], decoder(latent[1:2]))


@by_kind("decoder")
def test_every_weight_of_a_decoder_learns_and_the_latent_too(part, kind):
    decoder = part().build(4, SPECS[kind]).double().eval()
    latent = torch.randn(5, 4, dtype=torch.float64, requires_grad=True)
    assert_every_weight_learns(decoder, decoder(latent))
    assert (latent.grad.abs().sum(dim=1) > 0).all()


@by_kind("decoder")
def test_each_loss_of_a_kind_takes_what_its_decoders_give(part, kind):
    spec = SPECS[kind]
    target, mask = draw(kind)
    losses = [loss for _, _, loss in all_components("loss") if kind in loss.kinds]
    assert losses
    for loss in losses:
        loss = build_loss(loss(), spec)
        decoder = build_decoder(part(), 4, spec, loss).double()
        aim = target if loss.span is None else target.sigmoid()
        value = loss(decoder(torch.randn(4, 4, dtype=torch.float64)), aim, mask)
        assert value.shape == ()
        assert value.isfinite()


# Losses ------------------------------------------------------------------------------------------


def scores_and_target(loss, kind, n=4):
    """Return scores, target and mask; numbers from 0 to 1, which any loss of numbers takes."""
    target, mask = draw(kind, n)
    scored = loss.scored(SPECS[kind])
    if scored.n_categories is None:
        target = target.sigmoid()
        mask = torch.rand(target.shape) < 0.6 if mask is None else mask
        return torch.randn(n, *scored.shape, dtype=torch.float64), target, mask
    shape = target.shape if kind == "tokens" else target.shape[:1]
    n_categories = int(np.max(scored.n_categories))
    return torch.randn(*shape, n_categories, dtype=torch.float64), target, mask


@by_kind("loss")
def test_loss_is_the_mean_of_those_of_the_rows(part, kind):
    loss = part().build()
    scores, target, _ = scores_and_target(loss, kind)
    rows = loss.per_sample(scores, target)
    assert rows.shape == (4,)
    assert (rows > 0).all()
    torch.testing.assert_close(loss(scores, target), rows.mean())
    torch.testing.assert_close(loss.per_sample(scores[1:2], target[1:2]), rows[1:2])


@by_kind("loss")
def test_a_weight_of_zero_is_a_row_less_and_of_two_a_row_more(part, kind):
    loss = part().build()
    scores, target, mask = scores_and_target(loss, kind)
    rows = torch.tensor([0, 0, 2, 3, 3])
    weight = torch.tensor([2.0, 0.0, 1.0, 2.0], dtype=torch.float64)
    repeated = loss(scores[rows], target[rows], None if mask is None else mask[rows])
    torch.testing.assert_close(loss(scores, target, mask, weight), repeated)


@by_kind("loss")
def test_rows_of_no_weight_alone_cost_nothing_and_teach_nothing(part, kind):
    loss = part().build()
    scores, target, mask = scores_and_target(loss, kind)
    scores.requires_grad_()
    value = loss(scores, target, mask, torch.zeros(4, dtype=torch.float64))
    value.backward()
    assert value == 0
    assert not scores.grad.any()


@by_kind("loss", only=("vector", "sequence", "grid", "tokens"))
def test_loss_counts_only_what_the_mask_shows(part, kind):
    loss = part().build()
    scores, target, mask = scores_and_target(loss, kind)
    other = scores.clone()
    other[~mask] += torch.randn_like(other[~mask])
    torch.testing.assert_close(
        loss.per_sample(other, target, mask), loss.per_sample(scores, target, mask)
    )
    assert not torch.allclose(loss.per_sample(other, target), loss.per_sample(scores, target))
    full = torch.ones_like(mask)
    torch.testing.assert_close(
        loss.per_sample(scores, target, full), loss.per_sample(scores, target)
    )


@by_kind("loss", only=("sequence", "tokens"))
def test_loss_of_a_short_row_is_that_of_the_row_cut_short(part, kind):
    loss = part().build()
    scores, target, mask = scores_and_target(loss, kind)
    rows = loss.per_sample(scores, target, mask)
    for row, length in enumerate(LENGTHS):
        cut = scores[row : row + 1, :length], target[row : row + 1, :length]
        torch.testing.assert_close(rows[row : row + 1], loss.per_sample(*cut))


@by_kind("loss", only=("vector", "sequence", "grid", "tokens"))
def test_a_row_of_which_nothing_is_shown_costs_nothing(part, kind):
    loss = part().build()
    scores, target, mask = scores_and_target(loss, kind)
    mask[1] = False
    rows = loss.per_sample(scores, target, mask)
    assert rows[1] == 0
    assert (rows[[0, 2, 3]] > 0).all()


@by_kind("loss")
def test_a_few_steps_down_the_loss_bring_the_prediction_to_the_target(part, kind):
    loss = part().build()
    scores, target, _ = scores_and_target(loss, kind)
    scores.requires_grad_()
    optimizer = torch.optim.Adam([scores], lr=0.2)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.01, 200)
    for _ in range(200):
        optimizer.zero_grad()
        loss(scores, target).backward()
        optimizer.step()
        schedule.step()
    found = loss.link(scores.detach())
    if SPECS[kind].n_categories is not None:
        found = found.argmax(dim=-1).reshape(target.shape).double()
    elif loss.point is not None:  # of several predictions of a number
        found = found[..., loss.point]
    torch.testing.assert_close(found, target.double(), atol=0.05, rtol=0)


# Modalities --------------------------------------------------------------------------------------


@pytest.fixture
def raw(rng):
    """Return a function that makes raw rows of a modality, the same at each call."""

    def make(part, n=12):
        return part.example(n, np.random.default_rng(7))

    return make


@of("modality")
def test_modality_makes_a_block_that_its_spec_describes(part, raw):
    modality = part()
    assert modality.fit(raw(part)) is modality
    block, spec = modality.transform(raw(part)), modality.spec_
    assert isinstance(block, Block)
    assert block.spec == spec
    assert block.kind == part.kind
    assert block.values.shape == (12, *spec.shape)
    assert np.isfinite(block.values).all()
    assert block.present.dtype == bool
    assert block.present.all()
    assert (spec.n_categories is not None) == (part.kind in {"tokens", "codes"})
    if spec.n_categories is not None:
        assert block.values.dtype.kind == "i"
        assert 0 <= block.values.min() <= block.values.max() < np.max(spec.n_categories)


@of("modality")
def test_modality_masks_blocks_as_its_class_says(part, raw):
    modality = part().fit(raw(part))
    block = modality.transform(raw(part))
    absent = Block.absent(modality.spec_, 3, masked=part.masked)
    assert (block.mask is not None) == part.masked
    assert absent.values.shape[1:] == block.values.shape[1:]
    assert absent.values.dtype.kind == block.values.dtype.kind
    if part.masked:
        assert block.mask.dtype == bool
        assert block.mask.shape == (12, modality.spec_.shape[0])
        assert absent.mask.shape[1:] == block.mask.shape[1:]
    if part.kind in {"tokens", "sequence"}:  # True up to the end of each row, nothing behind it
        assert (np.diff(block.mask.astype(int), axis=1) <= 0).all()
        assert block.mask.any(axis=1).all()
        assert (block.values[~block.mask] == PADDING).all()


@of("modality")
def test_modality_fits_and_transforms_at_once_as_one_after_the_other(part, raw):
    modality, block = part().fit_transform(raw(part))
    again = part().fit(raw(part)).transform(raw(part))
    np.testing.assert_array_equal(block.values, again.values)
    assert modality.spec_ == again.spec


@of("modality")
def test_modality_transforms_a_row_the_same_in_any_company(part, raw):
    modality = part().fit(raw(part))
    whole, some = modality.transform(raw(part)), modality.transform(raw(part)[3:5])
    np.testing.assert_array_equal(some.values, whole.values[3:5])
    assert modality.transform(raw(part)[:1]).values.shape == (1, *modality.spec_.shape)


def assert_same_rows(found, expected):
    """Compare columns, also those whose cells are arrays."""
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


#: Modalities whose values do not tell what they were made of: see their own tests.
ONE_WAY = {"Audio", "Sequence"}


@pytest.mark.parametrize(
    "part", [part for *_, part in all_components("modality") if part.__name__ not in ONE_WAY]
)
def test_modality_gives_back_what_it_was_given(part, raw):
    rows = raw(part)
    modality = part().fit(rows)
    back = modality.inverse_transform(modality.transform(rows).values)
    if isinstance(rows[0], np.ndarray) and rows.dtype == object:
        rows = np.stack(rows)
    assert back.shape == rows.shape
    assert back.dtype == rows.dtype
    if rows.dtype == object:
        assert back.tolist() == rows.tolist()
        return
    given = ~np.isnan(rows.astype(float))
    assert np.isfinite(back.astype(float)).all()
    np.testing.assert_allclose(back[given], rows[given], rtol=1e-6)


@of("modality")
def test_to_a_modality_rows_of_weight_zero_are_not_there(part, raw):
    rows, others = raw(part, 12), part.example(40, np.random.default_rng(99))
    both = np.concatenate([rows, others])
    weight = np.r_[np.ones(12), np.zeros(40)]
    weighted, plain = part().fit(both, weight), part().fit(rows)
    assert weighted.spec_ == plain.spec_
    assert part().fit(both).spec_ != plain.spec_ or not np.array_equal(
        part().fit(both).transform(rows).values, plain.transform(rows).values
    )
    np.testing.assert_allclose(
        weighted.transform(rows).values, plain.transform(rows).values, atol=1e-5
    )


@of("modality")
def test_fitting_a_modality_leaves_rows_and_parameters_as_they_are(part, raw):
    rows, modality = raw(part), part()
    params = modality.get_params()
    modality.fit(rows).transform(rows)
    assert_same_rows(rows, raw(part))
    assert modality.get_params() == params


@of("modality")
def test_the_first_modality_that_accepts_an_example_is_its_own(part, raw):
    accepting = [one for *_, one in all_components("modality") if one.accepts(raw(part))]
    assert accepting[0] is part
    # What comes later may take it, too: short vectors are numbers, series of one length images.
    special = {"Embedding": {"Numeric"}, "Sequence": {"Image"}}
    assert {one.__name__ for one in accepting[1:]} <= special.get(part.__name__, set())


@of("modality")
def test_example_is_as_long_as_asked_and_follows_the_generator(part):
    draws = [part.example(9, np.random.default_rng(seed)) for seed in (0, 0, 1)]
    assert all(len(rows) == 9 for rows in draws)
    assert_same_rows(draws[0], draws[1])
    pairs = zip(draws[0], draws[2], strict=True)
    assert any(not np.array_equal(one, other) for one, other in pairs)


@of("modality")
def test_network_parts_of_a_modality_take_its_blocks(part, raw):
    modality, block = part().fit_transform(raw(part))
    encoder = build_encoder(modality.encoder_, block.spec).double()
    decoder = build_decoder(modality.decoder, encoder.out_features, block.spec).double()
    values = torch.as_tensor(block.values)
    values = values.double() if values.is_floating_point() else values
    mask = None if block.mask is None else torch.from_numpy(block.mask)
    scores = decoder(encoder(values, mask))
    loss = build_loss(modality.loss, block.spec)(scores, values, mask)
    loss.backward()
    assert loss > 0
    assert all(weight.grad.isfinite().all() for weight in encoder.parameters())
