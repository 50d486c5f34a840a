"""DICOM files are shown as their headers say, in any bit depth, and what cannot be shown says why."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from builders import noise, square, write_dicom
from pydicom.uid import JPEGLSLossless

from bcd_utils.datasets.manifest import inspect_image
from bcd_utils.images.decoding import image_size
from bcd_utils.images.dicom import read_dicom
from bcd_utils.images.reading import read_image, read_mask, read_row, read_row_mask
from bcd_utils.utils.errors import StudyError

LEVELS = np.array([[0, 1000, 2000, 4000]], np.uint16)


def shown(path) -> list[int]:
    pixels = read_dicom(path)
    assert pixels.dtype == np.uint8 and pixels.shape == (1, 4, 3)
    assert (pixels == pixels[..., :1]).all()
    return pixels[0, :, 0].tolist()


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ({}, [0, 64, 128, 255]),  # 255 * level / 4000, rounded to even: 63.75, 127.5
        ({"PhotometricInterpretation": "MONOCHROME1"}, [255, 191, 128, 0]),
        # Window 1000 wide around 2000: (level - 1999.5) / 999 + 0.5, cut off at 0 and 1.
        ({"WindowCenter": 2000, "WindowWidth": 1000}, [0, 0, 128, 255]),
        ({"WindowCenter": [2000, 9], "WindowWidth": [4000, 9]}, [0, 64, 128, 255]),
        ({"WindowCenter": 2000, "WindowWidth": 1000, "PhotometricInterpretation": "MONOCHROME1"},
         [255, 255, 127, 0]),
        # Half the levels, shifted by 10: 10, 510, 1010, 2010, which again fill the range.
        ({"RescaleSlope": 0.5, "RescaleIntercept": 10}, [0, 64, 128, 255]),
        ({"RescaleSlope": 0.0001, "RescaleIntercept": 0}, [0, 64, 128, 255]),
        # 255 / (1 + exp(-4 * (level - 2000) / 4000)): 0.1192, 0.2689, 0.5, 0.8808
        ({"WindowCenter": 2000, "WindowWidth": 4000, "VOILUTFunction": "SIGMOID"}, [30, 69, 128, 225]),
    ],
)  # fmt: skip
def test_grey_levels_are_shown_as_the_header_says(tmp_path, header, expected):
    assert shown(write_dicom(tmp_path / "a.dcm", LEVELS, **header)) == expected


def test_a_lookup_table_comes_before_a_window(tmp_path):
    table = pydicom.Dataset()
    table.LUTDescriptor = [4, 0, 8]  # four entries from level 0 on, 8 bit
    table.LUTData = [0, 51, 102, 255]
    path = write_dicom(tmp_path / "a.dcm", np.array([[0, 1, 2, 7]], np.uint8), WindowCenter=1, WindowWidth=1)
    header = pydicom.dcmread(path)
    header.VOILUTSequence = [table]
    header["VOILUTSequence"][0]["LUTData"].VR = "US"
    header.save_as(path)
    assert shown(path) == [0, 51, 102, 255]


def test_8_bit_levels_that_fill_their_range_stay_as_they_are(tmp_path):
    pixels = noise(1)
    pixels.flat[:2] = 0, 255
    assert np.array_equal(read_image(write_dicom(tmp_path / "a.dcm", pixels))[..., 1], pixels)


def test_an_even_image_is_black(tmp_path):
    assert read_dicom(write_dicom(tmp_path / "a.dcm", np.full((70, 90), 500, np.uint16))).max() == 0


def test_colour_stays_colour(tmp_path):
    pixels = np.dstack([noise(1), noise(2), noise(3)])
    assert np.array_equal(read_dicom(write_dicom(tmp_path / "a.DCM", pixels)), pixels)


def test_the_size_is_read_without_pixels(tmp_path):
    assert image_size(write_dicom(tmp_path / "a.dcm", noise(1, shape=(70, 90)))) == (70, 90)


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
@pytest.mark.parametrize("white", [1, 255])
def test_a_mask_may_be_dicom(tmp_path, depth, white):
    lesion = square(10, 20)
    path = write_dicom(tmp_path / "mask.dcm", (lesion // 255 * white).astype(depth))
    assert np.array_equal(read_mask([path], lesion.shape), lesion > 0)
    black = write_dicom(tmp_path / "black.dcm", np.zeros_like(lesion))
    assert not read_mask([black], lesion.shape).any()


def test_a_row_with_a_box_is_that_part_of_image_and_mask(tmp_path):
    write_dicom(tmp_path / "a.dcm", noise(1))
    write_dicom(tmp_path / "mask.dcm", square(10, 20))
    row = {"path": "a.dcm", "masks": "mask.dcm", "box": "15,5,50,40"}
    assert np.array_equal(read_row(tmp_path, row), read_image(tmp_path / "a.dcm")[5:40, 15:50])
    assert np.array_equal(read_row_mask(tmp_path, row), square(10, 20)[5:40, 15:50] > 0)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        # Without padding 1000..4000 fill the range: 255 / 3 = 85.
        ({"PixelPaddingValue": 0}, [0, 0, 85, 255]),
        ({"PixelPaddingValue": 0, "PhotometricInterpretation": "MONOCHROME1"}, [0, 255, 170, 0]),
        ({"PixelPaddingValue": 4000, "PixelPaddingRangeLimit": 2000}, [0, 255, 0, 0]),
        ({"PixelPaddingValue": 7}, [0, 64, 128, 255]),  # no pixel has it
    ],
)
def test_padding_is_black_and_says_nothing_about_the_image(tmp_path, header, expected):
    assert shown(write_dicom(tmp_path / "a.dcm", LEVELS, **header)) == expected


def test_32_bit_levels_take_no_table_of_all_levels(tmp_path):
    levels = np.array([[0, 2**30, 2**31, 2**32 - 1]], np.uint32)
    assert shown(write_dicom(tmp_path / "a.dcm", levels)) == [0, 64, 128, 255]


def test_colours_of_16_bit_are_scaled_not_cut(tmp_path):
    pixels = np.dstack([np.array([[0, 65535, 32896]], np.uint16)] * 3)
    assert read_dicom(write_dicom(tmp_path / "a.dcm", pixels))[0, :, 1].tolist() == [0, 255, 128]


def test_a_palette_is_looked_up(tmp_path):
    path = write_dicom(tmp_path / "a.dcm", np.array([[0, 1, 2, 1]], np.uint8))
    header = pydicom.dcmread(path)
    header.PhotometricInterpretation = "PALETTE COLOR"
    for colour, entries in {"Red": (0, 257, 65535), "Green": (0, 514, 0), "Blue": (0, 771, 257)}.items():
        setattr(header, f"{colour}PaletteColorLookupTableDescriptor", [3, 0, 16])
        header[f"{colour}PaletteColorLookupTableDescriptor"].VR = "US"
        setattr(header, f"{colour}PaletteColorLookupTableData", np.array(entries, "<u2").tobytes())
    header.save_as(path)
    assert read_dicom(path)[0, :3].tolist() == [[0, 0, 0], [1, 2, 3], [255, 0, 1]]


# -- what cannot be shown ---------------------------------------------------------------------------


def test_a_missing_decoder_is_named_with_its_packages(tmp_path):
    path = write_dicom(tmp_path / "a.dcm", noise(1))
    header = pydicom.dcmread(path)
    header.file_meta.TransferSyntaxUID = JPEGLSLossless
    header.PixelData = pydicom.encaps.encapsulate([b"\xff\xd8\xff\xd9"])
    header["PixelData"].VR = "OB"
    header.save_as(path)
    for read in (read_dicom, inspect_image):
        with pytest.raises(StudyError, match=r"a\.dcm is compressed as JPEG-LS.*pip install pylibjpeg"):
            read(path)


def test_a_file_without_pixels_or_of_another_kind_is_set_aside_with_its_reason(tmp_path):
    path = write_dicom(tmp_path / "a.dcm", noise(1))
    header = pydicom.dcmread(path)
    del header.PixelData
    header.save_as(path)
    assert inspect_image(path)["status"] == "no pixel data"
    (tmp_path / "b.dcm").write_bytes(b"<html>not found</html>")
    assert inspect_image(tmp_path / "b.dcm")["status"] == "no DICOM file"
    header = pydicom.dcmread(path)
    del header.Rows
    header.save_as(path)
    assert inspect_image(path)["status"] == "no pixel data"


def test_several_frames_are_not_taken_for_one_image(tmp_path):
    path = write_dicom(tmp_path / "a.dcm", np.stack([noise(1), noise(2)]), NumberOfFrames=2)
    assert inspect_image(path)["status"] == "several frames"
    colour = write_dicom(tmp_path / "b.dcm", np.stack([noise(1, shape=(70, 3))] * 2), NumberOfFrames=2)
    assert inspect_image(colour)["status"] == "several frames"
