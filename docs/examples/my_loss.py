"""A loss of one's own: the distance between the gradients of two images."""

from torch import Tensor, nn


class EdgeLoss(nn.Module):
    """Compare the differences of neighbouring pixels, so that soft edges cost more than wrong brightness."""

    def forward(self, sr: Tensor, hr: Tensor) -> Tensor:
        """Return the mean absolute difference, a scalar, of N×3×H×W images in [0,1]."""
        rows = (sr.diff(dim=2) - hr.diff(dim=2)).abs().mean()
        columns = (sr.diff(dim=3) - hr.diff(dim=3)).abs().mean()
        return rows + columns
