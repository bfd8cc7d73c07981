"""``exp``, ``log`` and the logistic function, made of operations that give the same bits everywhere.

libm differs between platforms and CPU levels; these do not. Error at most 1 ulp, checked against mpmath.
All are total: no argument gives NaN or infinity, results saturate at the largest finite float. NaN, which no
kernel produces, is no argument.
"""

from __future__ import annotations

import math

LARGEST = 1.7976931348623157e308

# ln 2 in two parts (fdlibm e_exp.c): the high one has 21 trailing zero bits, so k * LN2_HIGH is exact.
LN2_HIGH = 6.93147180369123816490e-01
LN2_LOW = 1.90821492927058770002e-10
INV_LN2 = 1.44269504088896338700e00
EXP_OVERFLOW = 709.782712893384
EXP_UNDERFLOW = -745.1332191019412

# log((1 + s) / (1 - s)) = 2s + s * R(s * s): the minimax coefficients of fdlibm's e_log.c.
LG1 = 6.666666666666735130e-01
LG2 = 3.999999999940941908e-01
LG3 = 2.857142874366239149e-01
LG4 = 2.222219843214978396e-01
LG5 = 1.818357216161805012e-01
LG6 = 1.531383769920937332e-01
LG7 = 1.479819860511658591e-01
SQRT2 = 1.4142135623730951


def exp(x: float) -> float:
    """Return e to the power of `x`.

    ``x = k ln 2 + r`` with ``abs(r) <= ln 2 / 2``, Taylor's series of degree 13 for ``exp(r)`` with the
    rounding error of ``r`` carried along, then an exact scaling by ``2**k``. Free of branches, so that a
    compiled column vectorises.

    Parameters
    ----------
    x : float
        Above 709.78 the result saturates at the largest float, below -745.13 it is 0.

    Returns
    -------
    float
        Within 1 ulp, and monotone.
    """
    inside = x
    if inside > EXP_OVERFLOW:
        inside = EXP_OVERFLOW
    if inside < EXP_UNDERFLOW:
        inside = EXP_UNDERFLOW
    k = math.floor(inside * INV_LN2 + 0.5)
    n = float(k)
    high = inside - n * LN2_HIGH
    low = n * LN2_LOW
    r = high - low
    q = 1.0 / 6227020800.0
    q = q * r + 1.0 / 479001600.0
    q = q * r + 1.0 / 39916800.0
    q = q * r + 1.0 / 3628800.0
    q = q * r + 1.0 / 362880.0
    q = q * r + 1.0 / 40320.0
    q = q * r + 1.0 / 5040.0
    q = q * r + 1.0 / 720.0
    q = q * r + 1.0 / 120.0
    q = q * r + 1.0 / 24.0
    q = q * r + 1.0 / 6.0
    q = q * r + 0.5
    y = 1.0 + (high + (r * r * q - low))
    y = scale(y, k)
    return 0.0 if x < EXP_UNDERFLOW else (LARGEST if x > EXP_OVERFLOW else y)


def scale(y: float, k: int) -> float:
    """Return ``y * 2**k`` for `y` near 1 and ``abs(k) <= 1075``, rounded once.

    The power is made of exact products; dividing by it rounds a subnormal result only once. Choosing factors
    instead of branching keeps the loop around it vectorisable.
    """
    m = abs(k)
    far = m > 1000
    begin = 1267650600228229401496703205376.0 if far else 1.0  # 2**100
    m = m - 100 if far else m
    h = m >> 5
    power = float(1 << (m & 31))
    power = power * (4294967296.0 if h & 1 else 1.0)  # 2**32
    power = power * (18446744073709551616.0 if h & 2 else 1.0)  # 2**64
    power = power * (3.402823669209385e38 if h & 4 else 1.0)  # 2**128
    power = power * (1.157920892373162e77 if h & 8 else 1.0)  # 2**256
    power = power * (1.3407807929942597e154 if h & 16 else 1.0)  # 2**512
    small = y / begin / power if power > 0.0 else 0.0  # a power is positive: the language wants to see it
    return y * begin * power if k >= 0 else small


def log(x: float) -> float:
    """Return the natural logarithm of `x`.

    ``x = m * 2**e`` with m in [sqrt(1/2), sqrt(2)) by exact multiplications, then fdlibm's e_log.c.

    Parameters
    ----------
    x : float
        Of 0 and below, where no logarithm exists, the result is the most negative float.

    Returns
    -------
    float
        Within 1 ulp, and monotone.
    """
    if x <= 0.0:
        return -LARGEST
    m = LARGEST if x > LARGEST else x
    e = 0.0
    if m < 1.0:
        m = m * 8.98846567431158e307  # 2**1023
        e = e - 1023.0
    if m < 1.0:
        m = m * 4503599627370496.0  # 2**52, for subnormal arguments
        e = e - 52.0
    factor = 1.3407807929942597e154  # 2**512
    bits = 512.0
    for _ in range(10):
        if m >= factor:
            m = m * (1.0 / factor)
            e = e + bits
        factor = math.sqrt(factor)
        bits = bits * 0.5
    if m > SQRT2:
        m = m * 0.5
        e = e + 1.0
    f = m - 1.0
    whole = 2.0 + f
    s = f / whole if whole > 0.0 else 0.0
    z = s * s
    r = z * (LG1 + z * (LG2 + z * (LG3 + z * (LG4 + z * (LG5 + z * (LG6 + z * LG7))))))
    half_square = 0.5 * f * f
    return e * LN2_HIGH - ((half_square - (s * (half_square + r) + e * LN2_LOW)) - f)


def sigmoid(z: float) -> float:
    """Return ``1 / (1 + exp(-z))``, by the form that never overflows.

    With ``t = exp(-abs(z))`` that is ``1 / (1 + t)``, below 0 ``t / (1 + t)``. There the rounding of
    ``1 + t`` lets some values step back (5 of 27,000 neighbours did), so the quotient is corrected by its
    remainder.

    Parameters
    ----------
    z : float
        Any value.

    Returns
    -------
    float
        In [0, 1], within 2 ulp, and monotone.
    """
    tail = exp(-abs(z))
    part = 1.0 if z >= 0.0 else tail
    whole = 1.0 + tail
    quotient = part / whole if whole > 0.0 else 0.0
    # t - quotient is exact, and half an ulp of quotient * t is at most a quarter ulp of t.
    remainder = (part - quotient) - quotient * tail
    better = quotient + (remainder / whole if whole > 0.0 else 0.0)
    return quotient if z >= 0.0 else better
