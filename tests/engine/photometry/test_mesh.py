"""A sky that is kept as a mesh is the image that sep draws, in whole and in parts."""

import numpy as np
import pytest
import sep

from engine.photometry.mesh import mesh_of


@pytest.mark.parametrize(
    ("shape", "side_pix"),
    [((300, 420), 64), ((97, 130), 16), ((101, 113), 17), ((65, 64), 16), ((20, 500), 16), ((10, 12), 16)],
)
def test_a_mesh_draws_the_same_image_as_sep(shape: tuple[int, int], side_pix: int) -> None:
    rng = np.random.default_rng(4)
    y, x = np.mgrid[: shape[0], : shape[1]]
    data = (1000 + 0.3 * x + 40 * np.sin(y / 50) + rng.normal(0, 5, shape)).astype(np.float32)
    image = sep.Background(data, bw=side_pix, bh=side_pix).back(dtype=np.float32)

    mesh = mesh_of(image, side_pix=side_pix)

    assert np.abs(mesh.part() - image).max() < 1e-3
    part = mesh.part(slice(3, 9), slice(2, 11))
    assert np.array_equal(part, mesh.part()[3:9, 2:11])
    at = mesh.at(np.array([5.2, 1e9]), np.array([7.6, -3.0]))
    assert at == pytest.approx([image[8, 5], image[0, -1]], abs=1e-3)


def test_a_mesh_never_falls_below_its_least_value() -> None:
    image = np.full((100, 100), 2.0, dtype=np.float32)

    mesh = mesh_of(image, side_pix=16, least=3.0)

    assert mesh.part().min() == 3.0
    assert mesh.usual == 3.0
    assert mesh.at(np.array([4.0]), np.array([5.0]))[0] == 3.0
