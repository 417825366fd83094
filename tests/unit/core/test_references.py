"""From callables to names and back."""

import builtins
import collections
import functools
import math
import os.path
import re
import sys
import textwrap
import types
from xml.dom import minidom

import pytest

from rq.core.errors import InvalidOptionError, OptionTypeError, ReferenceNotFound, UnimportableFunctionError
from rq.core.references import check_importable, import_attribute, import_class, path_of_class, reference_of

HERE = __name__


def plain():
    pass


class Kind:
    class Inner:
        @staticmethod
        def deep():
            pass

    def method(self):
        pass

    @classmethod
    def of_class(cls):
        pass

    @staticmethod
    def static():
        pass

    def __call__(self):
        pass


INSTANCE = Kind()
PARTIAL = functools.partial(plain)
CACHED = functools.cache(plain)
LIST: list[int] = []


# --- callable -> reference --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("func", "instance", "func_name"),
    [
        ("tasks.f", None, "tasks.f"),
        (plain, None, f"{HERE}.plain"),
        (len, None, "builtins.len"),
        (math.sqrt, None, "math.sqrt"),
        (Kind.static, None, f"{HERE}.Kind.static"),
        (Kind.Inner.deep, None, f"{HERE}.Kind.Inner.deep"),
        (Kind.method, None, f"{HERE}.Kind.method"),
        (str.maketrans, None, "builtins.str.maketrans"),
        (INSTANCE.method, INSTANCE, "method"),
        (Kind.of_class, Kind, "of_class"),
        (INSTANCE.of_class, Kind, "of_class"),
        (dict.fromkeys, dict, "fromkeys"),
        (LIST.append, LIST, "append"),
        (INSTANCE, INSTANCE, "__call__"),
        (PARTIAL, PARTIAL, "__call__"),
        (CACHED, CACHED, "__call__"),
    ],
)
def test_a_callable_is_named_or_travels_itself(func, instance, func_name):
    reference = reference_of(func)
    assert reference.instance is instance
    assert reference.func_name == func_name


@pytest.mark.parametrize("func", [Kind, 5, None, b"tasks.f", object()])
def test_classes_and_what_cannot_be_called_are_type_errors(func):
    with pytest.raises(OptionTypeError, match=r"not enqueue\(function\(1, 2\)\)"):
        reference_of(func)


@pytest.mark.parametrize("func", [plain, len, Kind.static, INSTANCE.method, Kind.of_class, INSTANCE, PARTIAL, CACHED, "__main__.f"])
def test_what_a_worker_can_find_is_accepted(func):
    check_importable(func)


def inner_function():
    def inner():
        pass

    return inner


def function_of_main():
    """Return a function as the started script would define it."""
    return types.FunctionType(plain.__code__, {"__name__": "__main__"}, "work")


def lambda_of_main():
    """Return a lambda as the started script would write it; to be moved into a module would not help it."""
    return types.FunctionType(plain.__code__.replace(co_name="<lambda>", co_qualname="<lambda>"), {"__name__": "__main__"}, "<lambda>")


@pytest.mark.parametrize(
    ("func", "reason"),
    [
        (lambda: 0, "is a lambda"),
        (inner_function(), "inside another function"),
        (function_of_main(), "defined in __main__"),
        (lambda_of_main(), "is a lambda"),
        (functools.partial(lambda: 0), "is a lambda"),
        (functools.partial(functools.partial(function_of_main())), "defined in __main__"),
    ],
)
def test_what_no_worker_can_find_is_refused_with_its_reason(func, reason):
    with pytest.raises(UnimportableFunctionError, match=reason):
        check_importable(func)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("", "it is empty"),
        ("tasks.", "a name is missing"),
        (".x", "a name is missing"),
        ("a..b", "a name is missing"),
        (".", "a name is missing"),
        (" ", "it is empty"),
        ("tasks. ", "a name is missing"),
        (" tasks.add", "white space around a name"),
        ("tasks.add\n", "white space around a name"),
        ("tasks. add", "white space around a name"),
        ("a b", "white space in 'a b'"),
        ("tasks.send mail", "white space in 'send mail'"),
    ],
)
def test_a_text_that_is_no_dotted_path_anywhere_is_refused_with_its_reason(path, reason):
    for _ in range(2):
        with pytest.raises(UnimportableFunctionError, match=f"{re.escape(repr(path))} is no dotted path of a function: .*{reason}.*as in tasks.send_mail"):
            check_importable(path)


@pytest.mark.parametrize("path", ["len", "str.upper", "my-module.f", "my tasks.f", "straße.größe", "pkg.__main__.f", "5.f", "tasks.Kind.method"])
def test_a_path_that_a_worker_may_have_is_accepted(path):
    check_importable(path)


def test_a_refusal_names_the_function_and_the_remedy():
    with pytest.raises(UnimportableFunctionError, match=r"inner_function\.<locals>\.inner .* move it to the top level"):
        check_importable(inner_function())


def test_a_decorated_function_counts_as_what_it_wraps():
    @functools.wraps(plain)
    def wrapper():
        return plain()

    check_importable(wrapper)
    assert reference_of(wrapper).func_name == f"{HERE}.plain"


# --- text -> object ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("math.sqrt", math.sqrt),
        ("os.path.join", os.path.join),
        ("os.path", os.path),
        ("xml.dom.minidom.parse", minidom.parse),
        ("len", len),
        ("builtins.len", len),
        ("str", str),
        ("str.upper", str.upper),
        ("builtins.str.maketrans", builtins.str.maketrans),
        ("collections.OrderedDict.fromkeys", collections.OrderedDict.fromkeys),
        ("xml.dom.minidom.Node.appendChild.__name__", "appendChild"),
    ],
)
def test_a_dotted_path_leads_to_an_attribute(name, found):
    assert import_attribute(name) == found


@pytest.mark.parametrize("name", ["nowhere.f", "nope", "math.nope", "math", "", ".", "a.", ".a", "str.nope"])
def test_a_path_that_leads_nowhere_is_a_value_error(name):
    with pytest.raises(ReferenceNotFound):
        import_attribute(name)


@pytest.fixture
def make_package(tmp_path, monkeypatch):
    """Write modules, given as path -> source, where they can be imported for one test."""
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)

    def make(**sources):
        for name, source in sources.items():
            path = tmp_path.joinpath(*name.split("__")).with_suffix(".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(source))

    yield make
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_a_module_that_fails_to_import_something_is_not_called_missing(make_package):
    make_package(shop__tasks="import no_such_dependency\ndef f(): ...")
    with pytest.raises(ReferenceNotFound, match=r"importing shop\.tasks failed .*no_such_dependency") as caught:
        import_attribute("shop.tasks.f")
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)
    assert caught.value.__cause__.name == "no_such_dependency"


def test_a_module_that_fails_to_import_a_name_is_not_called_missing(make_package):
    make_package(warehouse="from math import nope\ndef f(): ...")
    with pytest.raises(ReferenceNotFound, match=r"importing warehouse failed with ImportError"):
        import_attribute("warehouse.f")


def test_a_missing_sibling_module_is_not_mistaken_for_the_module_itself(make_package):
    make_package(office__tasks="import office.nope\ndef f(): ...")
    with pytest.raises(ReferenceNotFound, match=r"importing office\.tasks failed .*office\.nope"):
        import_attribute("office.tasks.f")


def test_any_other_error_of_a_module_comes_through_as_it_is(make_package):
    make_package(kitchen="1 / 0")
    with pytest.raises(ZeroDivisionError):
        import_attribute("kitchen.f")


def test_a_missing_attribute_is_named_with_its_owner(make_package):
    make_package(garden="class Bed: ...")
    with pytest.raises(ReferenceNotFound, match=r"Cannot find garden\.Bed\.dig: garden\.Bed has no 'dig'"):
        import_attribute("garden.Bed.dig")


def test_the_longest_module_wins(make_package):
    make_package(farm____init__="", farm__barn="def f(): return 'module'")
    assert import_attribute("farm.barn.f")() == "module"


def test_a_function_named_is_found_again():
    for func in (plain, Kind.static, Kind.Inner.deep, len, math.sqrt):
        assert import_attribute(reference_of(func).func_name) is func


def test_a_class_is_imported_when_it_is_of_the_family():
    assert import_class("collections.OrderedDict", dict) is collections.OrderedDict
    assert import_class("builtins.dict", dict) is dict


@pytest.mark.parametrize("path", ["collections.deque", "math.sqrt"])
def test_a_class_of_another_family_is_a_value_error(path):
    with pytest.raises(InvalidOptionError, match=r"is not a subclass of builtins\.dict"):
        import_class(path, dict)


def test_a_class_that_does_not_exist_is_a_value_error():
    with pytest.raises(ReferenceNotFound):
        import_class("collections.Nope", dict)


def test_a_module_that_is_not_there_is_named_with_the_folder_and_the_remedy(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        ReferenceNotFound, match=r"'no_such_shop' cannot be imported .*; start the worker in the folder of that module, or name with --path every folder"
    ) as caught:
        import_attribute("no_such_shop.tasks.f")
    assert str(tmp_path) in str(caught.value)


def test_a_class_has_a_path_by_which_it_is_found():
    assert import_attribute(path_of_class(Kind)) is Kind


def test_a_class_that_other_processes_cannot_import_has_no_path():
    class Hidden:
        """Defined where nobody can import it from."""

    for kind in (Hidden, type("Script", (), {"__module__": "__main__"})):
        with pytest.raises(InvalidOptionError, match="top level of a module"):
            path_of_class(kind)
