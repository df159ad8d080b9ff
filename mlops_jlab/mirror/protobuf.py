"""The fields of protobuf messages, read without protobuf and without their descriptions."""

from __future__ import annotations

Fields = dict[int, list[bytes | int]]


def fields(data: bytes) -> Fields:
    """The fields of a protobuf message by number: numbers as bits, and bytes."""
    found: Fields = {}
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        kind, value = key & 7, b""
        number: bytes | int
        if kind == 0:
            number, place = _varint(data, place)
        else:
            length = {1: 8, 5: 4}.get(kind, 0)
            if kind == 2:
                length, place = _varint(data, place)
            value, place = data[place : place + length], place + length
            number = value
        found.setdefault(key >> 3, []).append(number)
    return found


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while place < len(data):
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7
    return value, place


def bytes_of(found: Fields, number: int) -> bytes:
    """The last value of a field of bytes; none if it is absent."""
    value = found.get(number, [b""])[-1]
    return value if isinstance(value, bytes) else b""


def whole(found: Fields, number: int) -> int:
    """The last value of a field of signed integers; 0 if it is absent."""
    value = found.get(number, [0])[-1]
    if not isinstance(value, int):
        return 0
    return value - (1 << 64) if value >= 1 << 63 else value
