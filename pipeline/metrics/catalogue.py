"""What each metric is called, in print and in JSON, in the order in which they are shown."""

from dataclasses import dataclass

MOTION = "truth_motion"
RELATIVE = "dtssd_relative"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: the name in JSON, the label in print, its unit or scale, and what it says."""

    name: str
    label: str
    unit: str
    meaning: str
    higher_is_better: bool = False
    has_band: bool = True


CATALOGUE = (
    Metric("mad", "MAD", "1e-3", "mean absolute difference"),
    Metric("mse", "MSE", "1e-3", "mean squared error"),
    Metric("sad", "SAD", "1e3 px", "sum of absolute differences"),
    Metric("grad", "Grad", "1e3", "gradient error, alpha as it is"),
    Metric("grad_normalised", "Grad (min-max)", "1e3", "gradient error, each alpha stretched"),
    Metric("conn", "Conn", "1e3", "connectivity error"),
    Metric("dtssd", "dtSSD", "1e-2", "error of the change since the last frame"),
    Metric(RELATIVE, "dtSSD / motion", "ratio", "1 is a matte that stands still"),
    Metric("messddt", "MESSDdt", "1e-3", "change of the error along the motion"),
    Metric("iou", "IoU", "0 - 1", "overlap at the threshold", higher_is_better=True),
    Metric("f1", "F1", "0 - 1", "Dice at the threshold", higher_is_better=True),
    Metric("precision", "Precision", "0 - 1", "right of what was found", higher_is_better=True),
    Metric("recall", "Recall", "0 - 1", "found of what is there", higher_is_better=True),
    Metric("psnr", "PSNR", "dB", "peak signal to noise", higher_is_better=True),
    Metric("ssim", "SSIM", "-1 - 1", "structural similarity", higher_is_better=True),
    Metric("lpips", "LPIPS", "distance", "learned perceptual distance", has_band=False),
)
