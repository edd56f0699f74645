"""Connected regions of a matte, and what belongs to each."""

import cv2
import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int32]


def nearest_region(core: NDArray[np.bool_]) -> Labels:
    """Of every place the number, from 1 on, of the region of `core` that is nearest to it.

    `core` is bool (h, w) with something in it; regions are connected also across corners. Soft
    edges and what hangs loose round a region belong to it in this way.
    """
    rest = (~core).astype(np.uint8)
    labels = cv2.distanceTransformWithLabels(
        rest, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_CCOMP
    )[1]
    return np.asarray(labels, np.int32)
