"""The structures of a program, from the debug information in its object files."""

import re
import subprocess

ENTRY = re.compile(r' <(\w+)><(\w+)>: Abbrev Number: \d+(?: \(DW_TAG_(\w+)\))?')
ATTRIBUTE = re.compile(r'\s+<\w+>\s+DW_AT_(\w+)\s*: (.*)')
INDIRECT = re.compile(r'\((?:indirect|indexed) .*?\): ')
REFERENCE = re.compile(r'<0x(\w+)>')
QUALIFIERS = {'typedef', 'const_type', 'volatile_type'}
WORDS = {'structure_type': 'struct ', 'enumeration_type': 'enum ',
         'union_type': 'union '}
OVERLAPPED_SIZE = 32
OVERLAPPED_FIELDS = [('Internal', 0, 8), ('InternalHigh', 8, 8),
                     ('Offset', 16, 4), ('OffsetHigh', 20, 4), ('hEvent', 24, 8)]


class Entry:
    """One entry of the debug information: a type, a member, an enumerator."""

    def __init__(self, tag):
        self.tag = tag
        self.attributes = {}
        self.children = []

    @property
    def name(self):
        return self.attributes.get('name', '')

    def number(self, attribute):
        value = self.attributes.get(attribute, '0').split()[0]
        try:
            return int(value, 0)
        except ValueError:  # not a constant
            return 0


class Types:
    """The types of one object file."""

    def __init__(self, path, objdump):
        text = subprocess.run(
            [objdump, '--dwarf=info', path], check=True, encoding='utf-8',
            errors='replace', stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL).stdout
        self.entries = {}  # by offset
        path = []          # the entry of each depth
        for line in text.splitlines():
            found = ENTRY.match(line)
            if found and found[3]:
                entry = Entry(found[3])
                depth = int(found[1], 16)
                self.entries[int(found[2], 16)] = entry
                del path[depth:]
                if path:
                    path[-1].children.append(entry)
                path.append(entry)
                continue
            found = ATTRIBUTE.match(line)
            if found and path:
                path[-1].attributes[found[1]] = \
                    INDIRECT.sub('', found[2]).strip()

    def type_of(self, entry):
        """The type of a member, or the type to which a type leads."""
        found = REFERENCE.search(entry.attributes.get('type', ''))
        return self.entries.get(int(found[1], 16)) if found else None

    def bare(self, entry):
        """The type without typedefs and qualifiers; None for void."""
        while entry and entry.tag in QUALIFIERS:
            entry = self.type_of(entry)
        return entry

    def name_of(self, entry):
        """How C writes the type, as near as a reader needs it."""
        if entry is None:
            return 'void'
        if entry.tag == 'pointer_type':
            to = self.type_of(entry)
            return f'{self.name_of(to)} *'
        if entry.tag in ('const_type', 'volatile_type'):
            return self.name_of(self.type_of(entry))
        return WORDS.get(entry.tag, '') + entry.name

    def size_of(self, entry):
        bare = self.bare(entry)
        return bare.number('byte_size') if bare else 0

    def members(self, structure):
        """(name, offset, type) of each member that has a place of its own."""
        for child in structure.children:
            if child.tag == 'member' and \
                    'data_member_location' in child.attributes:
                yield (child.name, child.number('data_member_location'),
                       self.type_of(child))

    def is_overlapped(self, entry):
        bare = self.bare(entry)
        return bare is not None and bare.tag == 'structure_type' and \
            bare.name == '_OVERLAPPED'

    def holders(self, structure, at=0):
        """(structure, its offset, offset of the OVERLAPPED) of each structure in
        this one that has an OVERLAPPED as a member."""
        for _, offset, entry in self.members(structure):
            bare = self.bare(entry)
            if self.is_overlapped(entry):
                yield structure, at, at + offset
            elif bare is not None and bare.tag == 'structure_type':
                yield from self.holders(bare, at + offset)

    def structures(self):
        return [entry for entry in self.entries.values()
                if entry.tag == 'structure_type' and entry.number('byte_size')]

    def find_holder(self, size, inside):
        """What an allocation of this size holds, if there is an OVERLAPPED at the
        offset `inside`: (the structure that has it as a member, the structure's
        offset in the allocation), or None. An allocation can be an array."""
        found = []
        for structure in self.structures():
            whole = structure.number('byte_size')
            if size % whole or self.is_overlapped(structure):
                continue
            for holder, at, overlapped in self.holders(structure):
                if inside % whole == overlapped:
                    found.append((-whole, holder, inside - overlapped + at))
        if not found:
            return None
        _, holder, at = min(found, key=lambda one: one[0])
        return holder, at

    def fields(self, structure):
        """The fields of a structure: name, offset `at`, size, type, and the names
        of an enumeration's values. An OVERLAPPED in it is five fields."""
        for name, at, entry in self.members(structure):
            if self.is_overlapped(entry):
                for inner, offset, size in OVERLAPPED_FIELDS:
                    yield {'name': f'{name}.{inner}', 'at': at + offset,
                           'size': size}
                continue
            bare = self.bare(entry)
            values = {}
            if bare is not None and bare.tag == 'enumeration_type':
                values = {str(child.number('const_value')): child.name
                          for child in bare.children
                          if child.tag == 'enumerator'}
            yield {'name': name, 'at': at, 'size': self.size_of(entry),
                   'type': self.name_of(entry), 'values': values}


def overlapped_fields():
    """The fields of an OVERLAPPED that lies in no structure."""
    return [{'name': name, 'at': at, 'size': size}
            for name, at, size in OVERLAPPED_FIELDS]
