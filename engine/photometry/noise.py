"""A gain for frames whose header gives none: the noise of the sky tells how small it can be at most."""

from dataclasses import replace

from engine.frame import Frame

ASSUMED = "No usable gain"  # how reading a frame says so


def with_gain_of_noise(frame: Frame, *, noise_adu: float) -> Frame:
    """Return the frame with the least gain that its noise allows where the gain was only assumed.

    Every pixel has at least the read noise. In ADU that is the read noise over the gain, so a quiet sky means
    a large gain, and with the assumed one the photon noise would be far overstated.
    """
    least_e_adu = frame.read_noise_e / noise_adu if noise_adu > 0 else 0.0
    if least_e_adu <= frame.gain_e_adu or not any(note.startswith(ASSUMED) for note in frame.notes):
        return frame
    note = (
        f"The quiet sky shows a gain of at least {least_e_adu:.1f} e-/ADU, which was taken: errors may be "
        "too large; register the camera's gain."
    )
    return replace(frame, gain_e_adu=least_e_adu, notes=(*frame.notes, note))
