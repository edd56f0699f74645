"""What FFmpeg and OpenCV would say past everybody else."""

import av.logging
import cv2


def silence() -> None:
    """Keep them quiet in this process, from now on."""
    # Any level, even the highest, has FFmpeg's threads wait for Python's lock to log, while whoever
    # frees a decoder holds that lock and waits for its threads: seen to hang for ever.
    av.logging.set_level(None)
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
