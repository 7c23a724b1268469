"""Arrays: what is in them, and what they claim. Nothing is unpickled, nothing is believed."""

from __future__ import annotations

import io
import tracemalloc
import zipfile

import numpy as np
import pytest

from orbench.errors import ImportFileError
from orbench.importers import array_file

NAMED = ["exp_name=ppo", "env_id=A", "seed=1", "metric=return"]


def npy(array, **options):
    """The bytes that np.save writes."""
    out = io.BytesIO()
    np.save(out, array, **options)
    return out.getvalue()


def npz(**arrays):
    """The bytes that np.savez_compressed writes."""
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)
    return out.getvalue()


def claiming(shape, dtype="<f8", data=b""):
    """The bytes of an .npy file whose header says this of its array."""
    out = io.BytesIO()
    header = {"descr": dtype, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(out, header)
    return out.getvalue() + data


def rows(run, metric="return"):
    points = run.points[metric]
    return points.steps.tolist(), points.values.tolist()


def test_one_axis_is_a_column_called_value(folder):
    folder.write("a.npy", npy(np.array([1.5, 2.5, np.nan])))
    (run,) = folder.runs("a.npy", ["step=@row*10"], NAMED)
    steps, values = rows(run)
    assert steps == [0, 10, 20]
    assert values[:2] == [1.5, 2.5]
    assert np.isnan(values[2])


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("transpose", [False, True])
def test_two_axes_are_columns_by_place(folder, order, transpose):
    curves = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], order=order)
    folder.write("a.npy", npy(np.asarray(curves.T if transpose else curves, order=order)))
    runs = folder.runs(
        "a.npy", (), [*NAMED[:2], "metric=return"], wide="(?P<seed>.+)", transpose=transpose
    )
    assert [(run.seed, rows(run)[1]) for run in runs] == [
        (0, [1.0, 3.0, 5.0]),
        (1, [2.0, 4.0, 6.0]),
    ]


def test_an_archive_has_columns_by_name_and_means_of_their_parts(folder):
    data = npz(timesteps=[100, 200], results=np.array([[[1.0], [3.0]], [[5.0], [6.0]]]))
    folder.write("evaluations.npz", data)
    (run,) = folder.runs("evaluations.npz", ["value=mean(results)"], NAMED)
    assert rows(run) == ([100, 200], [2.0, 5.5])


def test_fields_and_texts_are_columns(folder):
    table = np.array([("ppo", 1, 2.5)], dtype=[("algo", "U3"), ("seed", "i4"), ("score", "f4")])
    folder.write("a.npy", npy(table))
    (run,) = folder.runs("a.npy", (), ["env_id=A"])
    assert (run.exp_name, run.seed, rows(run, "score")[1]) == ("ppo", 1, [2.5])


def test_shorter_arrays_end_early_and_are_counted(folder):
    folder.write("a.npz", npz(step=[1, 2, 3], score=[5.0, 6.0], seed=4))
    (run,) = folder.runs("a.npz", (), NAMED[:2])
    assert (run.seed, rows(run, "score"), run.rows.empty) == (4, ([1, 2], [5.0, 6.0]), 1)


def test_pickled_objects_are_refused_and_never_loaded(folder, tmp_path):
    witness = tmp_path / "it ran"

    class Trap:
        def __reduce__(self):
            return (open, (str(witness), "w"))

    objects = np.array([Trap()], dtype=object)
    for name, data in {"a.npy": npy(objects, allow_pickle=True), "b.npz": npz(a=objects)}.items():
        folder.write(name, data)
        with pytest.raises(ImportFileError, match="pickled objects, which could run code"):
            folder.runs(name, (), NAMED)
    assert not witness.exists()


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.npy", claiming((10 * 2**30 // 8,), data=bytes(1024)), "claims 10,737,418,240 bytes"),
        ("a.npy", claiming((2**62, 2**62)), "claims .* bytes of numbers and has 0"),
        ("a.npy", claiming((10**12, 0)), "has 0 columns"),
        ("a.npy", claiming((10**12,), "<U0"), "which is no table"),
        ("a.npy", claiming((-1,)), "which is no table"),
        ("a.npy", claiming((2,), "<c16", bytes(32)), "which is no table"),
        ("a.npy", claiming((2,), "<f8", bytes(17)), "more behind its array"),
        ("a.npy", npy(np.zeros((2, 2, 2))), r"shape \(2, 2, 2\) is no table"),
        ("a.npy", npy(np.zeros((1, 10_001))), "10,001 columns.*--transpose"),
        ("a.npy", npy(np.float64(3)), "no array with rows"),
        ("a.npy", b"\x93NUMPY\x01\x00\xff\xff{", "not an .npy array"),
        ("a.npy", b"", "not an .npy array"),
        ("a.npy", b"text", "not an .npy array"),
        ("a.npz", b"PK\x03\x04 damaged", "damaged or not an .npz file"),
        ("a.npz", npz(), "no array with rows"),
    ],
)
def test_what_an_array_claims_is_not_believed(folder, name, data, said):
    folder.write(name, data)
    tracemalloc.start()
    try:
        with pytest.raises(ImportFileError, match=said) as caught:
            folder.runs(name, (), NAMED)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "\n" not in str(caught.value)
    assert peak < 16 * 2**20


def test_an_archive_that_unpacks_to_more_than_the_limit_is_refused(folder, monkeypatch):
    folder.write("bomb.npz", npz(a=np.zeros(10_000), b=np.zeros(10_000)))
    monkeypatch.setattr(array_file, "MOST_ARRAY_BYTES", 100_000)
    with pytest.raises(ImportFileError, match="unpacks to 80,128 bytes, of which at most 100,000"):
        folder.runs("bomb.npz", (), NAMED)


def test_a_member_is_no_larger_than_its_directory_says(folder):
    """The archive says little, the stream inside has more: the checksum tells."""
    path = folder.write("lies.npz", npz(a=np.zeros(1000)))
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02") + 24  # the unpacked size in the directory
    data[at : at + 4] = (200).to_bytes(4, "little")
    path.write_bytes(bytes(data))
    with pytest.raises(ImportFileError, match=r"damaged or not an \.npz file"):
        folder.runs("lies.npz", (), NAMED)


def test_a_member_that_is_no_array_is_refused(folder):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("../evil.txt", "text")
    folder.write("a.npz", out.getvalue())
    with pytest.raises(ImportFileError, match=r"'\.\./evil\.txt' is no array"):
        folder.runs("a.npz", (), NAMED)


def test_text_is_not_transposed(folder):
    folder.write("a.csv", "a,b\n1,2\n")
    with pytest.raises(ImportFileError, match="only an array is transposed"):
        folder.runs("a.csv", (), NAMED, transpose=True)
