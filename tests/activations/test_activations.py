import json
from decimal import Decimal, localcontext
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from framework.activations import ELU, GELU, Activation, LeakyReLU, Linear, ReLU, Sigmoid, Softmax, Tanh
from framework.activations.normal_tail import mills_ratio, normal_density

pytestmark = pytest.mark.usefixtures("strict_floats")

ACTIVATIONS = [
    *(component() for component in Activation.components()),
    LeakyReLU(negative_slope=0.3),
    ELU(alpha=0.5),
    ELU(alpha=2.0),
    GELU(approximate=True),
]
ELEMENTWISE = [f for f in ACTIVATIONS if not isinstance(f, Softmax)]
IN_PLACE = [f for f in ACTIVATIONS if f.in_place]
DTYPES = [np.float32, np.float64]
SIZES = [(3, 5), (64, 128)]  # below and above the size at which heaviside calls another NumPy function

each = pytest.mark.parametrize("f", ACTIVATIONS, ids=repr)
each_elementwise = pytest.mark.parametrize("f", ELEMENTWISE, ids=repr)
each_in_place = pytest.mark.parametrize("f", IN_PLACE, ids=repr)
each_dtype = pytest.mark.parametrize("dtype", DTYPES)
each_size = pytest.mark.parametrize("shape", SIZES, ids=str)


def sample(shape=(3, 5), dtype=np.float64, scale=2.0, seed=0):
    z = scale * np.random.default_rng(seed).standard_normal(shape).astype(dtype)
    z.flags.writeable = False
    return z


def tolerance(dtype):
    return 1e-6 if dtype == np.float32 else 1e-12


# References: the definitions in decimal arithmetic, and their derivatives by central differences.


def machin(digits):
    """Return pi = 16 arctan(1 / 5) - 4 arctan(1 / 239)."""
    with localcontext(prec=digits + 10):
        arctan = {x: sum((-1) ** n / (Decimal(2 * n + 1) * x ** (2 * n + 1)) for n in range(digits)) for x in (5, 239)}
        return 16 * arctan[5] - 4 * arctan[239]


PI = machin(400)


def logistic(z):
    return 1 / (1 + (-z).exp())


def tanh(z):
    return 2 * logistic(2 * z) - 1


def normal_cdf(z):
    """Return 1/2 + density(z) (z + z^3 / 3 + z^5 / (3 5) + ...), with enough digits for the cancellation."""
    if abs(z) > 40:
        return Decimal(z > 0)
    term = total = z
    n = 1
    while abs(term) > abs(total) * Decimal("1e-395"):
        n += 2
        term *= z * z / n
        total += term
    return Decimal("0.5") + total * (-z * z / 2).exp() / (2 * PI).sqrt()


def elu(z, alpha):
    return z if z > 0 else Decimal(alpha) * (z.exp() - 1)


def gelu(f, z):
    if f.approximate:
        v = (2 / PI).sqrt() * (z + Decimal("0.044715") * z**3)
        return z / 2 * (1 + tanh(v)) if abs(v) < 450 else max(z, Decimal(0))
    return z * normal_cdf(z)


REFERENCE = {
    "elu": lambda f, z: elu(z, f.alpha),
    "exponential": lambda f, z: z.exp(),
    "gelu": gelu,
    "hard_sigmoid": lambda f, z: min(max(z + 3, Decimal(0)), Decimal(6)) / 6,
    "leaky_relu": lambda f, z: z if z > 0 else Decimal(f.negative_slope) * z,
    "linear": lambda f, z: z,
    "mish": lambda f, z: z * ((1 + z.exp()) ** 2 - 1) / ((1 + z.exp()) ** 2 + 1),
    "relu": lambda f, z: max(z, Decimal(0)),
    "selu": lambda f, z: Decimal("1.0507009873554805") * elu(z, 1.6732632423543772),
    "sigmoid": lambda f, z: logistic(z),
    "silu": lambda f, z: z * logistic(z),
    "softplus": lambda f, z: (1 + z.exp()).ln() if abs(z) < 2000 else max(z, Decimal(0)),
    "softsign": lambda f, z: z / (1 + abs(z)),
    "tanh": lambda f, z: tanh(z),
}
MAGNITUDES = [1e-8, 1e-3, 0.1, 0.5, 1.0, 2.0, 3.5, 5.0, 8.0, 12.0, 20.0, 30.0, 37.0, 50.0, 80.0, 300.0, 700.0, 1e3, 1e4]
POINTS = [sign * m for m in MAGNITUDES for sign in (1, -1)]


@cache
def value_and_derivative(f, z):
    h = Decimal("1e-25")
    with localcontext(prec=400):
        z = Decimal(float(z))
        f_of = REFERENCE[f.component_name]
        return f_of(f, z), (f_of(f, z + h) - f_of(f, z - h)) / (2 * h)


def assert_close(got, true, z, dtype, of_exponent=0.0):
    largest, smallest = (Decimal(float(x)) for x in (np.finfo(dtype).max, np.finfo(dtype).tiny))
    assert got.dtype == dtype
    if true > largest:
        assert got == pytest.approx(float(largest), rel=1e-4)
    elif abs(true) < smallest:
        assert abs(got) <= float(smallest)
    else:
        error = abs(Decimal(float(got)) / true - 1)
        assert error < Decimal(tolerance(dtype) * (1 + of_exponent)), f"at z = {z}: {got}, should be {true:.18g}"


def test_each_activation_has_a_reference():
    assert {*REFERENCE, "softmax"} == set(Activation.names())


@each_dtype
@each_elementwise
def test_values_and_derivatives_are_exact_in_both_tails(f, dtype):
    z = np.array(POINTS, dtype)
    a = f(z)
    derivative = f.derivative(z, a)
    for z_i, a_i, d_i in zip(z, a, derivative, strict=True):
        true, slope = value_and_derivative(f, z_i)
        # The cubic exponent of the tanh form is itself rounded.
        of_exponent = float(abs(2 * z_i**3)) if f.get_params().get("approximate") else 0.0
        assert_close(a_i, true, z_i, dtype, of_exponent)
        assert_close(d_i, slope, z_i, dtype, of_exponent)


@each_elementwise
def test_derivative_is_the_slope(f):
    z, h = sample((40, 40)), 1e-6
    slope = (f(z + h) - f(z - h)) / (2 * h)
    np.testing.assert_allclose(f.derivative(z, f(z)), slope, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize(("f", "slope"), [(ReLU(), 0.0), (LeakyReLU(0.2), 0.2), (ELU(2.0), 2.0)], ids=repr)
@each_size
def test_derivative_at_the_kink_is_that_from_below(f, slope, shape):
    z = np.zeros(shape)
    assert (f.derivative(z, f(z)) == slope).all()
    assert (f.backward(np.ones(shape), z, f(z)) == slope).all()


@each_dtype
@each_size
@each_elementwise
def test_backward_is_grad_times_derivative(f, shape, dtype):
    z, grad = sample(shape, dtype, seed=1), sample(shape, dtype, seed=2)
    a = f(z)
    got = f.backward(grad, z, a)
    assert got.dtype == dtype
    rounding = 16 * np.finfo(dtype).eps
    np.testing.assert_allclose(got, grad * f.derivative(z, a), rtol=rounding, atol=rounding)


def test_softmax_backward_is_the_product_with_the_jacobian():
    z, grad = sample((4, 6)), sample((4, 6), seed=1)
    a = Softmax()(z)
    for z_i, grad_i, got in zip(z, grad, Softmax().backward(grad, z, a), strict=True):
        jacobian = np.stack([(Softmax()(z_i + h) - Softmax()(z_i - h)) / 2e-6 for h in 1e-6 * np.eye(6)], axis=1)
        np.testing.assert_allclose(got, grad_i @ jacobian, rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(got, grad_i @ (np.diag(Softmax()(z_i)) - np.outer(Softmax()(z_i), Softmax()(z_i))))


@each_dtype
def test_softmax_of_large_logits(dtype):
    a = Softmax()(np.array([[1e4, -1e4, 1e4], [0, -50, -1e4], [-1e4, -1e4, -1e4]], dtype))
    expected = [[0.5, 0, 0.5], [1, np.exp(-50), 0], [1 / 3, 1 / 3, 1 / 3]]
    np.testing.assert_allclose(a, expected, rtol=tolerance(dtype))


def test_softmax_has_no_derivative():
    with pytest.raises(NotImplementedError, match=r"not elementwise.*backward"):
        Softmax().derivative(np.ones((1, 2)), np.ones((1, 2)))


@each_dtype
@each
def test_extreme_inputs_give_finite_gradients(f, dtype):
    z = np.array([[-1e4, 1e4], [-700, 700], [-88, 88], [0, 1]], dtype)
    a = f(z)
    assert np.isfinite(a).all()
    if f.component_name != "exponential":
        assert np.isfinite(f.backward(np.ones_like(z), z, a)).all()


LARGE = {np.float32: [1e5, 1e10, 1e19, 1e20, 1e38, 2e38], np.float64: [1e5, 1e10, 1e20, 1e155, 1e300, 1e308]}


def limits(f, z):
    """Return f(z) and f'(z) for a large positive `z`, and for -z, up to terms that are 0 there."""
    scale = getattr(f, "scale", 1.0)
    bounded = {"hard_sigmoid": 0.0, "sigmoid": 0.0, "tanh": -1.0}
    if f.component_name in bounded:
        return (1.0, 0.0), (bounded[f.component_name], 0.0)
    if f.component_name == "softsign":
        return (1.0, z**-2), (-1.0, z**-2)
    if f.component_name == "exponential":
        return (None, None), (0.0, 0.0)
    slope, lowest = {"leaky_relu": getattr(f, "negative_slope", 0), "linear": 1.0}.get(f.component_name, 0.0), 0.0
    if f.component_name in ("elu", "selu"):
        lowest = -scale * f.alpha
    return (scale * z, scale), (lowest - slope * z, slope)


@each_dtype
@each_size
@each_elementwise
def test_values_and_slopes_at_the_largest_numbers_are_the_limits(f, shape, dtype):
    for size in LARGE[dtype]:
        for sign, (value, slope) in zip((1, -1), limits(f, size), strict=True):
            z, grad = np.full(shape, sign * size, dtype), np.full(shape, -0.5, dtype)
            a = f(z.copy())
            computed = a, f.derivative(z, a), f.backward(grad, z, a)
            if value is None:  # the exponential, which stops below the largest number
                value = slope = np.finfo(dtype).max
            for got, expected in zip(computed, (value, slope, -0.5 * slope), strict=True):
                assert got.dtype == dtype
                np.testing.assert_allclose(got, expected, rtol=1e-4, atol=0 if abs(expected) > 1e-30 else 1e-30)


AT_ZERO = {  # f(0), and f' just below and just above 0
    "elu": lambda f: (0, f.alpha, 1),
    "exponential": lambda f: (1, 1, 1),
    "gelu": lambda f: (0, 0.5, 0.5),
    "hard_sigmoid": lambda f: (0.5, 1 / 6, 1 / 6),
    "leaky_relu": lambda f: (0, f.negative_slope, 1),
    "linear": lambda f: (0, 1, 1),
    "mish": lambda f: (0, 0.6, 0.6),
    "relu": lambda f: (0, 0, 1),
    "selu": lambda f: (0, f.scale * f.alpha, f.scale),
    "sigmoid": lambda f: (0.5, 0.25, 0.25),
    "silu": lambda f: (0, 0.5, 0.5),
    "softplus": lambda f: (np.log(2), 0.5, 0.5),
    "softsign": lambda f: (0, 1, 1),
    "tanh": lambda f: (0, 1, 1),
}


@each_dtype
@each_size
@each_elementwise
def test_values_and_slopes_next_to_zero(f, shape, dtype):
    start, *slopes = AT_ZERO[f.component_name](f)
    limit = np.finfo(dtype)
    for size in (float(limit.smallest_subnormal), 5 * float(limit.smallest_subnormal), float(limit.tiny) / 300, 1e-30):
        for sign, slope in zip((-1, 1), slopes, strict=True):
            z = np.full(shape, sign * size, dtype)
            a = f(z.copy())
            rounding = 1.5 * float(limit.smallest_subnormal)
            np.testing.assert_allclose(a, start + slope * sign * size, rtol=1e-6, atol=rounding)
            np.testing.assert_allclose(f.derivative(z, a), slope, rtol=3e-5)
            np.testing.assert_allclose(f.backward(np.full_like(z, -3), z, a), -3 * slope, rtol=3e-5)


@each_dtype
def test_softmax_at_the_largest_numbers(dtype):
    size = LARGE[dtype][-2]
    z = np.array([[size, -size, 0], [-size, -size, -size], [size, size, -size]], dtype)
    a = Softmax()(z)
    np.testing.assert_allclose(a, [[1, 0, 0], [1 / 3, 1 / 3, 1 / 3], [0.5, 0.5, 0]], rtol=1e-6)
    grad = np.array([[1, 2, 3], [1, 2, 3], [1, 3, 7]], dtype)
    expected = [[0, 0, 0], [-1 / 3, 0, 1 / 3], [-0.5, 0.5, 0]]
    np.testing.assert_allclose(Softmax().backward(grad, z, a), expected, rtol=1e-6, atol=1e-7)


@each_dtype
@each_size
@each
def test_out_offered_changes_nothing_and_inputs_are_kept(f, shape, dtype):
    z, grad = sample(shape, dtype), sample(shape, dtype, seed=1)
    a = f(z)
    before = [array.copy() for array in (z, a, grad)]
    a.flags.writeable = False
    calls = [(f, (z,)), (f.backward, (grad, z, a))]
    if not isinstance(f, Softmax):
        calls.append((f.derivative, (z, a)))
    for call, arguments in calls:
        expected = call(*arguments)
        assert expected.dtype == dtype
        assert expected.shape == shape
        np.testing.assert_array_equal(call(*arguments, np.full_like(z, np.nan)), expected)
        np.testing.assert_array_equal(call(*arguments, out=np.full_like(z, np.nan)), expected)
    for array, copy in zip((z, a, grad), before, strict=True):
        np.testing.assert_array_equal(array, copy)


@each
def test_no_out_is_the_same_as_out_none_for_lists_too(f):
    z, grad = sample(), sample(seed=1)
    a = f(z)
    calls = [(f, [z]), (f.backward, [grad, z, a])]
    if not isinstance(f, Softmax):
        calls.append((f.derivative, [z, a]))
    for call, arguments in calls:
        expected = call(*arguments)
        np.testing.assert_array_equal(call(*arguments, None), expected)
        np.testing.assert_array_equal(call(*arguments, out=None), expected)
        lists = [array.tolist() for array in arguments]
        np.testing.assert_array_equal(call(*lists), expected)


@each
def test_wrong_calls_are_type_errors(f):
    for arguments, named in [((), {}), ((sample(), None, None), {}), ((sample(),), {"into": sample()})]:
        with pytest.raises(TypeError):
            f(*arguments, **named)


@each_size
@each_in_place
def test_in_place_holds(f, shape):
    z, grad = sample(shape), sample(shape, seed=1)
    a = f(z)
    expected = f.backward(grad, z, a)
    over = z.copy()
    a_over = f(over, over)
    np.testing.assert_array_equal(a_over, a)
    np.testing.assert_array_equal(f.backward(grad, a_over, a_over, np.full_like(z, np.nan)), expected)


def test_the_cheap_ones_work_in_place():
    assert {"linear", "relu", "sigmoid", "softmax", "tanh"} <= {f.component_name for f in IN_PLACE}


@each_elementwise
def test_single_numbers(f):
    expected = f(np.array([0.7]))[0]
    for z in (0.7, np.float64(0.7), np.array(0.7)):
        assert f(z) == pytest.approx(expected, rel=1e-15)
        assert f.derivative(z, f(z)) == pytest.approx(f.derivative(np.array([0.7]), np.array([expected]))[0])
        assert f.backward(2.0, z, f(z)) == pytest.approx(2 * f.derivative(z, f(z)))


@each
def test_integers_compute_in_float64(f):
    np.testing.assert_array_equal(f(np.array([[-2, 0, 3]])), f(np.array([[-2.0, 0.0, 3.0]])))


@each
def test_nan_and_its_place_are_kept(f):
    z = np.array([[1.0, np.nan], [2.0, 3.0]])
    with np.errstate(all="ignore"):
        a = f(z)
    assert np.isnan(a[0, 1])
    assert np.isfinite(a[1]).all()


def test_linear_copies_nothing():
    z, grad = sample(), sample(seed=1)
    assert Linear()(z, np.empty_like(z)) is z
    assert Linear().backward(grad, z, z, np.empty_like(z)) is grad


@pytest.mark.parametrize(
    ("name", "component"),
    [
        ("identity", "linear"),
        ("swish", "silu"),
        ("ReLU", "relu"),
        ("LeakyReLU", "leaky_relu"),
        ("leaky-relu", "leaky_relu"),
        ("ELU", "elu"),
        ("SELU", "selu"),
        ("GELU", "gelu"),
        ("SiLU", "silu"),
        ("HardSigmoid", "hard_sigmoid"),
    ],
)
def test_names(name, component):
    assert Activation.of(name).component_name == component


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: LeakyReLU(negative_slope=-1), ValueError, "negative_slope .* at least 0 and at most 1, got -1"),
        (lambda: LeakyReLU(negative_slope=2), ValueError, "negative_slope"),
        (lambda: LeakyReLU(negative_slope="0.1"), TypeError, "negative_slope must be a number, got '0.1'"),
        (lambda: ELU(alpha=float("nan")), ValueError, "alpha .* at least 0, got nan"),
        (lambda: ELU(alpha=float("inf")), ValueError, "alpha"),
        (lambda: ELU().set_params(alpha=True), TypeError, "alpha"),
        (lambda: GELU(approximate="tanh"), TypeError, "approximate must be True or False"),
        (lambda: Activation.of("sigmoyd"), ValueError, "did you mean 'sigmoid'"),
    ],
)
def test_wrong_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()


# Your own activations


class _Square(Activation):
    def __call__(self, z):
        return z * z

    def derivative(self, z, a):
        return 2 * z


class _Half(Activation):
    def __call__(self, z):
        return z / 2

    def derivative(self, z, a):
        return 0.5


class _Gate(Activation):
    def __call__(self, z):
        return np.abs(z)

    def backward(self, grad, z, a):
        return grad * np.sign(z)


@pytest.mark.parametrize(("f", "slope"), [(_Square(), 4.0), (_Half(), 0.5), (_Gate(), 1.0)])
def test_own_activation_without_out(f, slope):
    z, grad, out = np.array([2.0]), np.array([3.0]), np.array([np.nan])
    assert f(z) == f(z, out) == f(z, out=out)
    assert f.backward(grad, z, f(z)) == 3 * slope
    assert f.backward(grad, z, f(z), out) == 3 * slope
    assert f.backward(grad, z, f(z), out=out) == f.backward(grad=grad, z=z, a=f(z), out=out) == 3 * slope
    assert not f.in_place


def test_own_activation_with_out_is_called_as_it_is_written():
    offers = []

    class _Cube(Activation):
        def __call__(self, z, out=None):
            offers.append(out)
            return z**3

        def derivative(self, z, a, out=None):
            return 3 * z**2

    z, out = np.array([2]), np.empty(1)
    for arguments in (z,), (z, None), (z, out):
        assert _Cube()(*arguments).dtype == z.dtype
    assert offers == [None, None, out]


@pytest.mark.usefixtures("restored_registry")
def test_own_activation_is_known_by_its_name():
    class CubeRoot(_Square, name="cbrt", aliases=["third"]):
        pass

    assert type(Activation.of("cbrt")) is type(Activation.of("Third")) is CubeRoot


def test_subclass_that_changes_a_method_does_not_inherit_shortcuts():
    class _Steep(Sigmoid):
        def __call__(self, z):
            return super().__call__(3 * z)

        def derivative(self, z, a):
            return 3 * a * (1 - a)

    class _Wide(Tanh):
        pass

    z, grad = sample(), sample(seed=1)
    f = _Steep()
    assert not f.in_place
    np.testing.assert_allclose(f.backward(grad, z, f(z)), grad * 3 * f(z) * (1 - f(z)))
    assert _Wide.in_place
    assert _Wide.backward is Tanh.backward


def test_own_activation_may_have_static_methods():
    class _Cube(Activation):
        @staticmethod
        def __call__(z):
            return z**3

        @staticmethod
        def derivative(z, a):
            return 3 * z**2

    f, z, grad = _Cube(), sample(), sample(seed=1)
    np.testing.assert_array_equal(f(z, np.empty_like(z)), z**3)
    np.testing.assert_allclose(f.backward(grad, z, f(z), np.empty_like(z)), grad * 3 * z**2)


def test_unfinished_activation_says_what_is_missing():
    class _Nothing(Activation):
        pass

    with pytest.raises(NotImplementedError, match="_Nothing must define __call__"):
        _Nothing()(sample())
    with pytest.raises(NotImplementedError, match="_Nothing must define derivative"):
        _Nothing().backward(sample(), sample(), sample())


@each_dtype
def test_normal_tail(dtype):
    bound = 1e-6 if dtype == np.float32 else 1e-14
    for x in np.array([0, 0.01, 0.3, 1, 2, 4, 7.7, 11, 13, 20.123, 30, 37.3], dtype):
        with localcontext(prec=400):
            exact = Decimal(float(x))
            density = (-exact * exact / 2).exp() / (2 * PI).sqrt()
            ratio = normal_cdf(-exact) / density
        assert float(Decimal(float(mills_ratio(np.array([x]))[0])) / ratio - 1) == pytest.approx(0, abs=bound)
        if density > Decimal(float(np.finfo(dtype).tiny)):
            got = Decimal(float(normal_density(np.array([x]))[0]))
            assert float(got / density - 1) == pytest.approx(0, abs=bound)


RECORDED = json.loads((Path(__file__).parents[1] / "references" / "activations.json").read_text())
RECORDED_CASES = [pytest.param(case, id=f"{case['activation']}-{case['arguments']}") for case in RECORDED["cases"]]


@each_dtype
@pytest.mark.parametrize("case", RECORDED_CASES)
def test_values_and_gradients_are_those_recorded_with_pytorch(case, dtype):
    f = Activation.named(case["activation"])(**case["arguments"])
    z = np.array(case.get("z", RECORDED["z"]), np.float64)
    grad = np.array(case.get("grad", np.ones_like(z)))
    a = f(z.astype(dtype))
    dz = f.backward(grad.astype(dtype), z.astype(dtype), a)
    held = z < 80 if dtype == np.float32 else z < np.inf  # exp(100) overflows float32
    # In the tails, the slopes of bounded functions are rounded against 1, in PyTorch as well.
    tolerances = {"rtol": 1e-4 if dtype == np.float32 else 1e-10, "atol": 4 * np.finfo(dtype).eps}
    np.testing.assert_allclose(a[held], np.array(case["a"])[held], **tolerances)
    np.testing.assert_allclose(dz[held], np.array(case["dz"])[held], **tolerances)


def test_each_activation_was_recorded():
    recorded = {Activation.named(case["activation"]) for case in RECORDED["cases"]}
    assert recorded == {cls for cls in Activation.components() if cls.__module__.startswith("framework.")}
