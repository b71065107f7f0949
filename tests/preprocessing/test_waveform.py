"""Files of sound become waveforms of one channel from -1 to 1."""

import io

import numpy as np
import pytest
import soundfile
from scipy.io import wavfile

from sklearn_crossmodal.preprocessing import read_sound

TONE = 0.5 * np.sin(2 * np.pi * 440 * np.arange(800) / 8000)


def wav(samples, rate=8000):
    file = io.BytesIO()
    wavfile.write(file, rate, samples)
    return file.getvalue()


def encoded(samples, **params):
    file = io.BytesIO()
    soundfile.write(file, samples, 8000, **params)
    return file.getvalue()


@pytest.mark.parametrize(
    ("samples", "atol"),
    [
        (np.round(TONE * 127 + 128).astype(np.uint8), 0.02),
        (np.round(TONE * 32767).astype(np.int16), 1e-4),
        (np.round(TONE * (2**31 - 1)).astype(np.int32), 1e-6),
        (TONE.astype(np.float32), 1e-7),
        (TONE, 1e-7),
    ],
    ids=["PCM8", "PCM16", "PCM32", "float32", "float64"],
)
def test_wav_files_of_any_depth_hold_the_same_tone(samples, atol):
    waveform, rate = read_sound(wav(samples))
    assert rate == 8000
    assert waveform.dtype == np.float32
    np.testing.assert_allclose(waveform, TONE, atol=atol)


def test_wav_files_of_24_bits_are_read():
    waveform, _ = read_sound(encoded(TONE, format="WAV", subtype="PCM_24"))
    np.testing.assert_allclose(waveform, TONE, atol=1e-6)


def test_other_formats_are_read_by_soundfile():
    waveform, rate = read_sound(encoded(TONE, format="FLAC"))
    assert rate == 8000
    np.testing.assert_allclose(waveform, TONE, atol=1e-4)


def test_channels_are_averaged():
    waveform, _ = read_sound(wav(np.stack([TONE, -TONE / 2], axis=1)))
    np.testing.assert_allclose(waveform, TONE / 4, atol=1e-7)


def test_a_path_is_as_good_as_the_bytes(tmp_path):
    path = tmp_path / "tone.wav"
    path.write_bytes(wav(TONE))
    for source in (path, str(path)):
        np.testing.assert_array_equal(read_sound(source)[0], read_sound(wav(TONE))[0])


@pytest.mark.parametrize("broken", [b"", b"RIFF", b"no sound at all", wav(TONE)[:20]])
def test_broken_content_is_a_value_error(broken):
    with pytest.raises(ValueError, match="it is (empty|no sound that can be decoded)"):
        read_sound(broken)


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_sound(tmp_path / "nowhere.wav")
