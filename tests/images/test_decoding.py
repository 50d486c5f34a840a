"""A file is read right, whatever it stores and however, or the true reason is said."""

from __future__ import annotations

import os
import struct
import zlib

import numpy as np
import pytest
import tifffile
from builders import noise, square, write_dicom, write_image
from PIL import Image, ImageOps

from bcd_utils.datasets.inspection import inspect_image
from bcd_utils.images.decoding import decode, frame_of, image_size
from bcd_utils.images.reading import read_image, read_row_mask

GREY = noise(1)
SHAPE = GREY.shape


def shown(path) -> np.ndarray:
    """What is read, which must be grey and of the size that is said without reading it."""
    pixels = read_image(path)
    assert pixels.dtype == np.uint8 and image_size(path) == pixels.shape[:2]
    assert (pixels == pixels[..., :1]).all()
    return pixels[..., 0]


def status(path) -> str:
    return inspect_image(path)["status"]


# -- turns ------------------------------------------------------------------------------------------


def turned(path, orientation: int, pixels: np.ndarray = GREY):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(path, exif=exif, **({"lossless": True} if path.suffix == ".webp" else {}))
    return path


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp", ".jpg"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turn_in_the_header_is_turned_back_in_every_format(tmp_path, suffix, orientation):
    path = turned(tmp_path / f"a{suffix}", orientation)
    with Image.open(path) as image:
        image.load()
        expected = np.asarray(ImageOps.exif_transpose(image).convert("L"))
    assert np.array_equal(shown(path), expected)
    assert frame_of(path) == (expected.shape, orientation)


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def test_a_turn_that_png_tells_after_its_pixels_counts_too(tmp_path):
    path = write_image(tmp_path / "a.png", GREY)
    exif = Image.Exif()
    exif[0x0112] = 6
    content, end = path.read_bytes()[:-12], path.read_bytes()[-12:]
    path.write_bytes(content + chunk(b"eXIf", exif.tobytes().removeprefix(b"Exif\0\0")) + end)
    assert np.array_equal(shown(path), np.rot90(GREY, -1))


def test_a_damaged_exif_does_not_spoil_the_picture(tmp_path):
    Image.fromarray(GREY).save(tmp_path / "a.png", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert np.array_equal(shown(tmp_path / "a.png"), GREY)


@pytest.mark.parametrize("drawn", ["upright", "lying"])
def test_a_mask_is_laid_on_the_turned_image_however_it_was_drawn(tmp_path, drawn):
    lesion = square(5, 60)
    turned(tmp_path / "a.png", 6, np.ascontiguousarray(np.rot90(GREY)))
    write_image(tmp_path / "m.png", lesion if drawn == "upright" else np.ascontiguousarray(np.rot90(lesion)))
    row = {"path": "a.png", "masks": "m.png"}
    assert np.array_equal(read_image(tmp_path / "a.png")[..., 0], GREY)
    assert np.array_equal(read_row_mask(tmp_path, row), lesion > 0)


# -- depths -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        (np.array([[0, 1024, 4095]], "<u2"), [0, 64, 255]),
        (np.array([[0, 1024, 4095]], ">u2"), [0, 64, 255]),
        (np.array([[0, 257 * 7, 65535]], np.uint16), [0, 7, 255]),
        (np.array([[0, 100, 255]], np.uint16), [0, 100, 255]),
        (np.array([[-128, 0, 127]], np.int8), [0, 128, 255]),
        (np.array([[-128, 0, 127]], np.int16), [0, 128, 255]),
        (np.array([[-1024, 0, 3071]], np.int16), [0, 64, 255]),  # CT
        (np.array([[-32768, 0, 32767]], np.int32), [0, 128, 255]),
        (np.array([[0, 2**31, 2**32 - 1]], np.uint32), [0, 128, 255]),
        (np.array([[0, 0.2, 0.6]], np.float32), [0, 51, 153]),
        (np.array([[0, 0.2, 0.6]], np.float64), [0, 51, 153]),
        (np.array([[0, 0.25, 1]], np.float16), [0, 64, 255]),
        (np.array([[-1, 0, 1]], np.float32), [0, 128, 255]),
        (np.array([[0, 100, 255]], np.float32), [0, 100, 255]),
        (np.array([[-2, 0, 3]], np.float32), [0, 102, 255]),  # of no known scale: 255 * 2 / 5
        (np.array([[np.nan, 0.2, np.inf]], np.float32), [0, 51, 255]),
    ],
)
def test_grey_levels_of_any_type_keep_their_scale(tmp_path, levels, expected):
    tifffile.imwrite(tmp_path / "a.tif", levels)
    assert shown(tmp_path / "a.tif")[0].tolist() == expected


@pytest.mark.parametrize("dtype", [np.int16, np.uint32, np.float32, np.float64])
def test_an_image_of_any_type_has_its_mask_and_is_usable(tmp_path, dtype):
    tifffile.imwrite(tmp_path / "a.tif", GREY.astype(dtype))
    tifffile.imwrite(tmp_path / "m.tif", square(5, 60).astype(dtype))
    assert status(tmp_path / "a.tif") == "ok"
    assert np.array_equal(read_row_mask(tmp_path, {"path": "a.tif", "masks": "m.tif"}), square(5, 60) > 0)


def test_a_dark_image_of_a_set_stays_dark(tmp_path):
    for name, top in (("bright", 4000), ("dark", 2000)):
        Image.fromarray(np.full((2, 2), top, np.uint16)).save(tmp_path / f"{name}.png")
    assert shown(tmp_path / "bright.png")[0, 0] == 249 and shown(tmp_path / "dark.png")[0, 0] == 125


@pytest.mark.parametrize("depth", [np.uint8, np.uint16, np.float64])
def test_where_white_is_zero_it_is_white(tmp_path, depth):
    top = 1 if depth == np.float64 else np.iinfo(depth).max
    levels = np.array([[0, top]], depth)
    tifffile.imwrite(tmp_path / "a.tif", levels, photometric="miniswhite")
    assert shown(tmp_path / "a.tif").tolist() == [[255, 0]]


def test_colours_of_any_depth_are_colours(tmp_path):
    colours = np.array([[[1, 0.2, 0], [0, 0.4, 1]]])
    tifffile.imwrite(tmp_path / "a.tif", colours, photometric="rgb")
    tifffile.imwrite(tmp_path / "b.tif", (colours * 65535).astype(np.uint16), photometric="rgb")
    for name in ("a.tif", "b.tif"):
        assert read_image(tmp_path / name).tolist() == [[[255, 51, 0], [0, 102, 255]]]


@pytest.mark.parametrize("text", [False, True], ids=["binary", "text"])
@pytest.mark.parametrize("white", [100, 1000, 4095])
def test_a_greymap_says_which_level_is_white(tmp_path, white, text):
    levels = np.array([[0, white * 3 // 5, white]])
    head = f"P{2 if text else 5}\n# a remark\n3 1\n{white}\n".encode()
    body = (
        b"0 %d\n%d" % (white * 3 // 5, white)
        if text
        else levels.astype(">u2" if white > 255 else "u1").tobytes()
    )
    (tmp_path / "a.pgm").write_bytes(head + body)
    assert shown(tmp_path / "a.pgm").tolist() == [[0, 153, 255]]


def test_a_pixmap_of_other_depth_keeps_its_colours(tmp_path):
    (tmp_path / "a.ppm").write_bytes(b"P6 2 1 100\n" + bytes([0, 40, 100, 100, 0, 20]))
    (tmp_path / "b.ppm").write_bytes(b"P3 2 1 100\n0 40 100 100 0 20")
    for name in ("a.ppm", "b.ppm"):
        assert read_image(tmp_path / name).tolist() == [[[0, 102, 255], [255, 0, 51]]]


def test_jpeg_2000_of_12_bit_is_as_bright_as_it_was(tmp_path):
    Image.fromarray(np.full((64, 64), 8000, np.uint16)).save(tmp_path / "a.jp2")
    assert shown(tmp_path / "a.jp2").tolist() == np.full((64, 64), 31).tolist()  # 8000 of 65535


# -- palettes and transparency ----------------------------------------------------------------------


def test_transparent_pixels_are_black_and_half_transparent_ones_half_as_bright(tmp_path):
    grey, alpha = np.array([[200, 200, 200]], np.uint8), np.array([[0, 128, 255]], np.uint8)
    for mode, channels in (("LA", (grey,)), ("RGBA", (grey,) * 3)):
        Image.fromarray(np.dstack([*channels, alpha]), mode).save(tmp_path / "a.png")
        assert shown(tmp_path / "a.png").tolist() == [[0, 100, 200]]


def test_an_opacity_that_is_the_same_everywhere_says_nothing(tmp_path):
    for opacity in (0, 100, 255):
        Image.fromarray(np.dstack([GREY, np.full_like(GREY, opacity)]), "LA").save(tmp_path / "a.png")
        assert np.array_equal(shown(tmp_path / "a.png"), GREY)


@pytest.mark.parametrize("suffix", [".png", ".gif"])
def test_a_palettes_transparent_colour_is_not_seen(tmp_path, suffix):
    image = Image.fromarray(np.array([[0, 1, 2]], np.uint8), "P")
    image.putpalette([255, 0, 255, 10, 10, 10, 90, 90, 90])
    image.save(tmp_path / f"a{suffix}", transparency=0)
    assert shown(tmp_path / f"a{suffix}").tolist() == [[0, 10, 90]]


# -- several frames ---------------------------------------------------------------------------------

TWO = [Image.fromarray(noise(number)) for number in (1, 2)]


@pytest.mark.parametrize("suffix", [".tif", ".gif", ".png", ".webp"])
def test_several_frames_are_not_taken_for_one_image(tmp_path, suffix):
    TWO[0].save(tmp_path / f"a{suffix}", save_all=True, append_images=TWO[1:])
    assert status(tmp_path / f"a{suffix}") == "several frames"
    TWO[0].save(tmp_path / f"b{suffix}", save_all=True)
    assert status(tmp_path / f"b{suffix}") == "ok"


@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_a_stack_of_any_depth_is_several_frames(tmp_path, dtype):
    tifffile.imwrite(
        tmp_path / "a.tif", np.stack([noise(1), noise(2)]).astype(dtype), photometric="minisblack"
    )
    assert status(tmp_path / "a.tif") == "several frames"


def test_a_smaller_copy_in_the_same_file_is_no_second_frame(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(noise(2, shape=(20, 20)), subfiletype=1)
        file.write(GREY)
        file.write(noise(3, shape=(10, 10)), subfiletype=1)
    assert np.array_equal(read_image(tmp_path / "a.tif")[..., 0], GREY)


def test_the_preview_that_a_phone_adds_is_no_second_frame(tmp_path):
    TWO[0].save(tmp_path / "a.jpg", format="MPO", save_all=True, append_images=TWO[1:])
    assert status(tmp_path / "a.jpg") == "ok"
    assert abs(shown(tmp_path / "a.jpg").astype(int) - GREY).mean() < 20


# -- what cannot be shown ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no image: an SVG drawing"),
        (b"<?xml version='1.0'?>\n<svg/>", "no image: an SVG drawing"),
        (b"%PDF-1.7\n\0\0", "no image: a PDF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 90 70\n", "no image: PostScript"),
        (b"PK\x03\x04\0\0", "no image: an archive"),
        ("nichts für ungut".encode(), "no image: text"),
        (bytes(range(256)), "could not be read: no image format that is known"),
    ],
)
def test_what_is_no_image_is_called_what_it_is(tmp_path, content, reason):
    (tmp_path / "a.png").write_bytes(content)
    assert status(tmp_path / "a.png") == reason
    assert image_fails(tmp_path / "a.png")


def image_fails(path) -> bool:
    with pytest.raises(ValueError, match="no image"):
        image_size(path)
    return True


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".tif", ".pgm", ".gif"])
def test_a_cut_file_is_truncated_in_every_format(tmp_path, suffix):
    path = write_image(tmp_path / f"a{suffix}", GREY)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    assert status(path) == "truncated file"


@pytest.mark.parametrize("head", [b"P2 90 70 255\n1 2 3", b"P5 90 70 4095\n1 2 3"])
def test_a_cut_greymap_of_other_depth_is_truncated_too(tmp_path, head):
    (tmp_path / "a.pgm").write_bytes(head)
    assert status(tmp_path / "a.pgm") == "truncated file"


def test_a_cut_dicom_file_is_truncated(tmp_path):
    path = write_dicom(tmp_path / "a.dcm", GREY)
    path.write_bytes(path.read_bytes()[:-1000])
    assert status(path) == "truncated file"


def test_a_failure_that_is_not_understood_is_told_in_the_decoders_words(tmp_path):
    bomb = zlib.compress(bytes(70_000_000))
    content = write_image(tmp_path / "a.png", GREY).read_bytes()
    (tmp_path / "a.png").write_bytes(content[:33] + chunk(b"zTXt", b"bomb\0\0" + bomb) + content[33:])
    found = status(tmp_path / "a.png")
    assert found.startswith("could not be read: Decompressed data too large") and "\n" not in found


def test_what_is_no_file_blocks_nothing(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    assert status(tmp_path / "a.png") == "no regular file"
    assert status(tmp_path / "lost.png") == "could not be read: No such file or directory"


def test_a_dicom_file_under_another_name_is_read_and_another_file_under_its_is_not(tmp_path):
    pixels = GREY.copy()
    pixels.flat[:2] = 0, 255
    write_dicom(tmp_path / "a.png", pixels)
    assert np.array_equal(shown(tmp_path / "a.png"), pixels)
    Image.fromarray(GREY).save(tmp_path / "b.dcm", format="PNG")
    assert status(tmp_path / "b.dcm") == "no DICOM file"


# -- large files ------------------------------------------------------------------------------------


def wide(path, side: int):
    """A PNG header of a picture that is not there: a limit holds before pixels are read."""
    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b""))
    return path


def test_the_limit_is_the_sources_and_not_pillows(tmp_path):
    assert status(wide(tmp_path / "a.png", 14_000)) == "truncated file"
    assert status(wide(tmp_path / "b.png", 23_000)) == "larger than 500 megapixels (source.most_megapixels)"
    path = write_image(tmp_path / "c.png", GREY)  # 6300 pixels
    assert inspect_image(path, most_megapixels=0.0063)["status"] == "ok"
    assert (
        inspect_image(path, most_megapixels=0.0062)["status"]
        == "larger than 0.0062 megapixels (source.most_megapixels)"
    )


@pytest.mark.parametrize("depth", [np.uint8, np.float64])
def test_the_limit_holds_for_dicom_and_for_any_tiff(tmp_path, depth):
    tifffile.imwrite(tmp_path / "a.tif", GREY.astype(depth))
    write_dicom(tmp_path / "a.dcm", GREY)
    for name in ("a.tif", "a.dcm"):
        with pytest.raises(ValueError, match=r"larger than 0\.001 megapixels"):
            decode(tmp_path / name, 0.001)
