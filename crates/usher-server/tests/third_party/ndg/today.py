"""Lets `ndg_saml` and `ndg_xacml`, which are written in Python 2, be imported today.

Names that moved get their former modules back, and old syntax and names are rewritten while a module
of theirs is loaded. What they do stays theirs.
"""

import builtins
import collections
import collections.abc
import functools
import importlib.machinery
import inspect
import io
import re
import sys
import types
import urllib.parse
import urllib.request


def module(name, **members):
    sys.modules[name] = types.ModuleType(name)
    vars(sys.modules[name]).update(members)


class DictMixin(collections.abc.MutableMapping):
    """The mixin of Python 2: a mapping of whatever its class defines."""

    def __delitem__(self, key):
        raise TypeError("items cannot be deleted")

    def __setitem__(self, key, value):
        raise TypeError("items cannot be set")

    def __iter__(self):
        return iter(self.keys())

    def __len__(self):
        return len(self.keys())


for name in ("Callable", "Iterable", "Mapping", "MutableSequence", "Sequence"):
    setattr(collections, name, getattr(collections.abc, name))
inspect.getargspec = inspect.getfullargspec
sys.modules["urlparse"] = urllib.parse
sys.modules["urllib2"] = urllib.request
module("UserDict", DictMixin=DictMixin)
module("StringIO", StringIO=io.StringIO)
module("cStringIO", StringIO=io.StringIO)
builtins.basestring = builtins.unicode = str
builtins.long = int
builtins.reduce = functools.reduce
builtins.xrange = range


def modern(source):
    source = re.sub(r"except\s+([\w.]+|\([^)]*\))\s*,\s*(\w+)\s*:", r"except \1 as \2:", source)
    source = re.sub(r"^(\s*)raise ([\w.]+), (.*)$", r"\1raise \2(\3)", source, flags=re.M)
    source = re.sub(r"\.iter(keys|values|items)\(\)", r".\1()", source)
    lines = source.split("\n")
    for at, line in enumerate(lines):
        if found := re.match(r"\s+__metaclass__ = (\w+)", line):
            head = next(i for i in range(at, -1, -1) if re.match(r"\s*class \w+", lines[i]))
            lines[head] = re.sub(r"\):\s*$", f", metaclass={found[1]}):", lines[head])
    return "\n".join(lines)


# Whatever was compiled when the packages were installed is the old source.
sys.pycache_prefix = "/nonexistent"
sys.dont_write_bytecode = True
compile_source = importlib.machinery.SourceFileLoader.source_to_code


def source_to_code(self, data, path, **options):
    if "/ndg/" in path:
        data = modern(data.decode()).encode()
    return compile_source(self, data, path, **options)


importlib.machinery.SourceFileLoader.source_to_code = source_to_code
