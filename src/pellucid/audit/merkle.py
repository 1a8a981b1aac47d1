"""The Merkle tree of RFC 9162 §2.1 over SHA-256: heads, inclusion and consistency proofs, and their verification.

Pure: no I/O, no clock, no database. It knows nothing of what a leaf says; `audit.log` stores leaves, `audit.verify`
judges bundles. Checked against the RFC only: written here because the packaged alternatives are GPL.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from pellucid.errors import VerificationFailed

HASH_BYTES = 32
"""Length of every hash in the tree."""

EMPTY_ROOT = sha256(b"").digest()
"""Head of the tree without leaves (RFC 9162 §2.1.1)."""


def leaf_hash(data: bytes) -> bytes:
    """Return SHA-256(0x00 ‖ data), the hash of one leaf."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 ‖ left ‖ right), the hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


def extend_frontier(frontier: list[bytes], size: int, leaf: bytes) -> None:
    """Append one leaf hash to `frontier`, in place: the hashes of the perfect subtrees of a tree of `size` leaves.

    The frontier holds one hash for each bit set in `size`, the largest subtree first.
    """
    carried = leaf
    while size & 1:
        carried = node_hash(frontier.pop(), carried)
        size >>= 1
    frontier.append(carried)


def root_from_frontier(frontier: Sequence[bytes]) -> bytes:
    """Return the head of the tree whose perfect subtrees have these hashes, largest first."""
    if not frontier:
        return EMPTY_ROOT
    root = frontier[-1]
    for subtree in reversed(frontier[:-1]):
        root = node_hash(subtree, root)
    return root


def root_from_leaves(leaves: Sequence[bytes]) -> bytes:
    """Return the head of the tree over these leaf hashes: time linear in their number (about a second a million)."""
    if not leaves:
        return EMPTY_ROOT
    level = list(leaves)
    while len(level) > 1:
        # An odd last node is carried up as it is, which equals the RFC's split at the largest power of two.
        carried = level[-1:] if len(level) % 2 else []
        level = [
            sha256(b"\x01" + left + right).digest() for left, right in zip(level[::2], level[1::2], strict=False)
        ] + carried
    return level[0]


def inclusion_proof(leaves: Sequence[bytes], index: int, size: int) -> tuple[bytes, ...]:
    """Return PATH(index, D[size]) of RFC 9162 §2.1.3.1, from the leaf's sibling up; raises ValueError out of range."""
    if not 0 <= index < size <= len(leaves):
        raise ValueError(f"no leaf {index} in a tree of {size} leaves taken from {len(leaves)}")
    path: list[bytes] = []
    start, stop = 0, size
    while stop - start > 1:
        middle = start + _split(stop - start)
        if index < middle:
            path.append(root_from_leaves(leaves[middle:stop]))
            stop = middle
        else:
            path.append(root_from_leaves(leaves[start:middle]))
            start = middle
    return tuple(reversed(path))


def consistency_proof(leaves: Sequence[bytes], old_size: int, new_size: int) -> tuple[bytes, ...]:
    """Return PROOF(old_size, D[new_size]) of RFC 9162 §2.1.4.1; empty where one size is 0 or both are equal.

    Raises ValueError if the old tree is larger than the new one, or the new one larger than there are leaves.
    """
    if not 0 <= old_size <= new_size <= len(leaves):
        raise ValueError(f"no proof from {old_size} to {new_size} leaves with {len(leaves)} given")
    if old_size in (0, new_size):
        return ()
    path: list[bytes] = []
    start, stop, whole = 0, new_size, True
    while old_size != stop:
        middle = start + _split(stop - start)
        if old_size <= middle:
            path.append(root_from_leaves(leaves[middle:stop]))
            stop = middle
        else:
            path.append(root_from_leaves(leaves[start:middle]))
            start, whole = middle, False
    if not whole:
        path.append(root_from_leaves(leaves[start:stop]))
    return tuple(reversed(path))


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that leaf hash `leaf` stands at `index` in the tree of `size` leaves with head `root`.

    RFC 9162 §2.1.3.2. Raises VerificationFailed; returns nothing, so that no result can be overlooked.
    """
    _demand_hashes((leaf, root, *proof))
    if not 0 <= index < size:
        raise VerificationFailed(f"Leaf {index} cannot stand in a log of {size} entries.", code="proof-invalid")
    position, last, computed = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise VerificationFailed(f"The inclusion proof of leaf {index} is too long.", code="proof-invalid")
        if position & 1 or position == last:
            computed = node_hash(sibling, computed)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            computed = node_hash(computed, sibling)
        position, last = position >> 1, last >> 1
    if last != 0:
        raise VerificationFailed(f"The inclusion proof of leaf {index} is too short.", code="proof-invalid")
    if computed != root:
        raise VerificationFailed(
            f"The inclusion proof of leaf {index} does not lead to the head of {size} entries.", code="proof-invalid"
        )


def verify_consistency(old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Check that the tree (`new_size`, `new_root`) only appends to (`old_size`, `old_root`).

    RFC 9162 §2.1.4.2. Raises VerificationFailed; an empty old tree needs its own head and an empty proof.
    """
    _demand_hashes((old_root, new_root, *proof))
    if not 0 <= old_size <= new_size:
        raise VerificationFailed(f"A log of {new_size} entries cannot follow one of {old_size}.", code="log-shrank")
    if old_size in (0, new_size):
        _verify_trivial_consistency(old_size, old_root, new_size, new_root, proof)
        return
    # The proof leaves the old head out where the old tree is one perfect subtree of the new one.
    nodes = [old_root, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    position, last = old_size - 1, new_size - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    if not proof:
        raise _inconsistent(old_size, new_size)
    old_computed = new_computed = nodes[0]
    for node in nodes[1:]:
        if last == 0:
            raise _inconsistent(old_size, new_size)
        if position & 1 or position == last:
            old_computed, new_computed = node_hash(node, old_computed), node_hash(node, new_computed)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            new_computed = node_hash(new_computed, node)
        position, last = position >> 1, last >> 1
    if last != 0 or old_computed != old_root or new_computed != new_root:
        raise _inconsistent(old_size, new_size)


def _verify_trivial_consistency(
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]
) -> None:
    expected_old = EMPTY_ROOT if old_size == 0 else new_root
    if proof or old_root != expected_old or (new_size == 0 and new_root != EMPTY_ROOT):
        raise _inconsistent(old_size, new_size)


def _inconsistent(old_size: int, new_size: int) -> VerificationFailed:
    return VerificationFailed(
        f"The log of {new_size} entries does not hold the log of {old_size} entries unchanged.",
        code="log-inconsistent",
    )


def _demand_hashes(hashes: Sequence[bytes]) -> None:
    for value in hashes:
        if len(value) != HASH_BYTES:
            raise VerificationFailed(f"A hash has {len(value)} bytes; it must have {HASH_BYTES}.", code="proof-invalid")


def _split(size: int) -> int:
    """Return the largest power of two smaller than `size` (RFC 9162 §2.1.1)."""
    return 1 << (size - 1).bit_length() - 1
