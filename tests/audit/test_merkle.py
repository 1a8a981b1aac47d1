from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid.audit import merkle
from pellucid.errors import VerificationFailed

# The vectors of Certificate Transparency's reference implementation: inputs, and the head after each.
INPUTS = [
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
]  # fmt: skip
HEADS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]

# Proofs that RFC 9162 §2.1.5 draws for the tree of seven leaves d0..d6, by the names it gives the nodes.
SEVEN = [f"d{number}".encode() for number in range(7)]


def head_by_definition(data: list[bytes]) -> bytes:
    """RFC 9162 §2.1.1, word for word."""
    if not data:
        return sha256(b"").digest()
    if len(data) == 1:
        return sha256(b"\x00" + data[0]).digest()
    split = 1
    while split * 2 < len(data):
        split *= 2
    return sha256(b"\x01" + head_by_definition(data[:split]) + head_by_definition(data[split:])).digest()


def leaves_of(count: int) -> list[bytes]:
    return [merkle.leaf_hash(str(number).encode()) for number in range(count)]


def flipped(value: bytes, bit: int) -> bytes:
    changed = bytearray(value)
    changed[bit // 8 % len(value)] ^= 1 << bit % 8
    return bytes(changed)


def test_the_heads_are_those_of_certificate_transparencys_vectors() -> None:
    leaves = [merkle.leaf_hash(bytes.fromhex(data)) for data in INPUTS]
    assert [merkle.root_from_leaves(leaves[: size + 1]).hex() for size in range(8)] == HEADS


def test_the_proofs_are_those_drawn_in_the_rfc() -> None:
    a, b, c, d, e, f, j = (merkle.leaf_hash(data) for data in SEVEN)
    g, h, i = merkle.node_hash(a, b), merkle.node_hash(c, d), merkle.node_hash(e, f)
    k = merkle.node_hash(g, h)
    l = merkle.node_hash(i, j)  # noqa: E741  (the RFC's name)
    leaves = [a, b, c, d, e, f, j]
    assert merkle.inclusion_proof(leaves, 0, 7) == (b, h, l)
    assert merkle.inclusion_proof(leaves, 3, 7) == (c, g, l)
    assert merkle.inclusion_proof(leaves, 4, 7) == (f, j, k)
    assert merkle.inclusion_proof(leaves, 6, 7) == (i, k)
    assert merkle.consistency_proof(leaves, 3, 7) == (c, d, g, l)
    assert merkle.consistency_proof(leaves, 4, 7) == (l,)
    assert merkle.consistency_proof(leaves, 6, 7) == (i, j, k)


@given(st.lists(st.binary(max_size=8), max_size=70))
def test_the_head_is_the_one_of_the_definition_whichever_way_it_is_made(data: list[bytes]) -> None:
    leaves = [merkle.leaf_hash(item) for item in data]
    frontier: list[bytes] = []
    for size, leaf in enumerate(leaves):
        merkle.extend_frontier(frontier, size, leaf)
        assert len(frontier) == (size + 1).bit_count()
    assert merkle.root_from_frontier(frontier) == head_by_definition(data)
    assert merkle.root_from_leaves(leaves) == head_by_definition(data)


@given(st.data())
def test_an_inclusion_proof_holds_and_any_flipped_bit_fails(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 130))
    index = data.draw(st.integers(0, size - 1))
    leaves = leaves_of(size)
    root = merkle.root_from_leaves(leaves)
    parts = [leaves[index], root, *merkle.inclusion_proof(leaves, index, size)]
    merkle.verify_inclusion(parts[0], index, size, parts[2:], parts[1])
    which = data.draw(st.integers(0, len(parts) - 1))
    parts[which] = flipped(parts[which], data.draw(st.integers(0, 255)))
    with pytest.raises(VerificationFailed, match="inclusion proof"):
        merkle.verify_inclusion(parts[0], index, size, parts[2:], parts[1])


@given(st.data())
def test_an_inclusion_proof_is_of_no_other_place(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 130))
    index, other = data.draw(st.lists(st.integers(0, size - 1), min_size=2, max_size=2, unique=True))
    leaves = leaves_of(size)
    with pytest.raises(VerificationFailed, match="inclusion proof"):
        merkle.verify_inclusion(
            leaves[index], other, size, merkle.inclusion_proof(leaves, index, size), merkle.root_from_leaves(leaves)
        )


@given(st.data())
def test_a_consistency_proof_holds_and_any_flipped_bit_fails(data: st.DataObject) -> None:
    new_size = data.draw(st.integers(2, 130))
    old_size = data.draw(st.integers(1, new_size - 1))
    leaves = leaves_of(new_size)
    roots = [merkle.root_from_leaves(leaves[:old_size]), merkle.root_from_leaves(leaves)]
    parts = [*roots, *merkle.consistency_proof(leaves, old_size, new_size)]
    merkle.verify_consistency(old_size, parts[0], new_size, parts[1], parts[2:])
    which = data.draw(st.integers(0, len(parts) - 1))
    parts[which] = flipped(parts[which], data.draw(st.integers(0, 255)))
    with pytest.raises(VerificationFailed, match="does not hold the log"):
        merkle.verify_consistency(old_size, parts[0], new_size, parts[1], parts[2:])


@given(st.data())
def test_a_proof_with_a_hash_more_or_less_fails(data: st.DataObject) -> None:
    new_size = data.draw(st.integers(2, 130))
    old_size = data.draw(st.integers(1, new_size - 1))
    leaves = leaves_of(new_size)
    old_root, new_root = merkle.root_from_leaves(leaves[:old_size]), merkle.root_from_leaves(leaves)
    proof = merkle.consistency_proof(leaves, old_size, new_size)
    path = merkle.inclusion_proof(leaves, old_size, new_size)
    for other in (proof[:-1], (*proof, proof[-1]), ()):
        with pytest.raises(VerificationFailed, match="does not hold the log"):
            merkle.verify_consistency(old_size, old_root, new_size, new_root, other)
    for other in (path[:-1], (*path, path[-1])):
        with pytest.raises(VerificationFailed, match=r"too (short|long)"):
            merkle.verify_inclusion(leaves[old_size], old_size, new_size, other, new_root)


@pytest.mark.parametrize("size", [0, 1, 5])
def test_a_log_is_consistent_with_itself_and_with_the_empty_log_by_an_empty_proof(size: int) -> None:
    leaves = leaves_of(size)
    root = merkle.root_from_leaves(leaves)
    assert merkle.consistency_proof(leaves, size, size) == merkle.consistency_proof(leaves, 0, size) == ()
    merkle.verify_consistency(size, root, size, root, ())
    merkle.verify_consistency(0, merkle.EMPTY_ROOT, size, root, ())
    other = merkle.leaf_hash(b"other")
    for old_size, old_root, proof in ((size, other, ()), (0, other, ()), (size, root, (root,))):
        with pytest.raises(VerificationFailed, match="does not hold the log"):
            merkle.verify_consistency(old_size, old_root, size, root, proof)


def test_a_log_that_shrank_is_told_so() -> None:
    root = merkle.root_from_leaves(leaves_of(3))
    with pytest.raises(VerificationFailed, match="A log of 2 entries cannot follow one of 3") as caught:
        merkle.verify_consistency(3, root, 2, root, ())
    assert caught.value.code == "log-shrank"


def test_hashes_of_another_length_are_refused() -> None:
    leaves = leaves_of(2)
    with pytest.raises(VerificationFailed, match="A hash has 31 bytes; it must have 32"):
        merkle.verify_inclusion(leaves[0], 0, 2, (leaves[1][:31],), merkle.root_from_leaves(leaves))


def test_proofs_of_leaves_that_are_not_there_cannot_be_asked_for() -> None:
    leaves = leaves_of(4)
    for index, size in ((4, 4), (-1, 4), (0, 5), (0, 0)):
        with pytest.raises(ValueError, match="no leaf"):
            merkle.inclusion_proof(leaves, index, size)
    for old_size, new_size in ((3, 2), (-1, 2), (1, 5)):
        with pytest.raises(ValueError, match="no proof"):
            merkle.consistency_proof(leaves, old_size, new_size)
    with pytest.raises(VerificationFailed, match="Leaf 4 cannot stand in a log of 4 entries"):
        merkle.verify_inclusion(leaves[0], 4, 4, (), leaves[0])
