import pytest
import torch

from sklearn_crossmodal.nn.fusion import MaxFusion, MeanFusion, SumFusion


@pytest.mark.parametrize(
    ("part", "join"),
    [
        (SumFusion, lambda values: values.sum(dim=0)),
        (MeanFusion, lambda values: values.mean(dim=0)),
        (MaxFusion, lambda values: values.amax(dim=0)),
    ],
)
def test_those_present_are_joined_entry_by_entry(part, join):
    fusion = part(width=4).build([2, 3, 1])
    latents = [torch.randn(3, width) for width in (2, 3, 1)]
    present = torch.tensor([[True, True, True], [True, False, True], [False, True, False]])
    fused = fusion(latents, present)
    for row in range(3):
        there = [m for m in range(3) if present[row, m]]
        values = torch.stack([fusion.project[m](latents[m][row]) for m in there])
        torch.testing.assert_close(fused[row], join(values))
