"""Frames as a file that every browser plays: MP4, H.264, 4:2:0, its index in front."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import av
from PIL import Image

CRF = "14"  # visually lossless; pocket clips have flat colours that coarser steps would tint


def mp4_bytes(frames: Sequence[Image.Image], fps: int, provenance: Mapping[str, Any]) -> bytes:
    """The clip, with the JSON-able record as its comment. Sides must be even.

    One thread: the same frames give the same bytes on any machine.
    """
    with tempfile.TemporaryDirectory() as folder:  # moving the index to the front reads the file again
        path = Path(folder) / "clip.mp4"
        with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
            container.metadata["comment"] = json.dumps(dict(provenance), ensure_ascii=False, sort_keys=True)
            stream = container.add_stream("libx264", rate=fps, options={"crf": CRF, "threads": "1"})
            stream.width, stream.height = frames[0].size
            stream.pix_fmt = "yuv420p"
            for frame in frames:
                container.mux(stream.encode(av.VideoFrame.from_image(frame.convert("RGB"))))
            container.mux(stream.encode())
        return path.read_bytes()
