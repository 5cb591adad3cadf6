"""Numbers that are not known: exact integers, not words.

A value is an `int` or an `Atom`. An atom is
- an input, any number of its range;
- a quotient: the floor of a polynomial divided by 2^k. Carries, upper words of products and bits shifted out are quotients;
- or defined: a polynomial of earlier atoms. A remainder is its polynomial less 2^k times the quotient.
So no instruction loses anything: a carry that the code drops stays in the definition of its result, and a statement about the
result fails because of it, unless that carry is proved to be zero.

A polynomial is a dictionary from monomials, sorted tuples of atoms, to integer coefficients.
"""

import z3

from decoder import Refused

# How far back in definitions a question goes at first, and at last. Fewer facts are sound: they prove less.
DEPTHS = (2, 4, 7)
# All that is stated is about products of two numbers.
DEGREE = 2
# Work of the solver for one question, so that the answer is the same on each machine.
LIMIT = 2_000_000


class Atom:
    """An unknown number between `low` and `high`."""

    count = 0
    __slots__ = ("number", "low", "high", "definition", "quotient", "expanded")

    def __init__(self, low, high, definition=None, quotient=None):
        Atom.count += 1
        self.number, self.low, self.high = Atom.count, low, high
        self.definition, self.quotient, self.expanded = definition, quotient, None

    def __lt__(self, other):
        return self.number < other.number


class Split(Exception):
    """Both values of this boolean atom are to be looked at separately."""

    def __init__(self, atom):
        super().__init__()
        self.atom = atom


def polynomial(value):
    if isinstance(value, int):
        return {(): value} if value else {}
    return {(value,): 1}


def add(*terms):
    """The sum of (factor, polynomial)."""
    total = {}
    for factor, terms_ in terms:
        for monomial, coefficient in terms_.items():
            total[monomial] = total.get(monomial, 0) + factor * coefficient
    return {monomial: coefficient for monomial, coefficient in total.items() if coefficient}


def times(left, right):
    total = {}
    for one, factor in left.items():
        for other, coefficient in right.items():
            monomial = tuple(sorted(one + other))
            total[monomial] = total.get(monomial, 0) + factor * coefficient
    return {monomial: coefficient for monomial, coefficient in total.items() if coefficient}


def replace(terms, atom, by):
    """A polynomial, with a polynomial instead of an atom."""
    total = {monomial: coefficient for monomial, coefficient in terms.items() if atom not in monomial}
    for monomial, coefficient in terms.items():
        if atom in monomial:
            rest = list(monomial)
            rest.remove(atom)
            # The atom may be there twice: the rest is replaced in turn.
            part = times({tuple(rest): coefficient}, by)
            part = replace(part, atom, by) if atom in rest else part
            total = add((1, total), (1, part))
    return total


def literal(number):
    """A number in SMT-LIB."""
    return str(number) if number >= 0 else f"(- {-number})"


class Solver:
    """Asks z3, and remembers: the rows of a product ask the same of other atoms."""

    def __init__(self):
        self.answers, self.asked, self.seconds = {}, 0, 0.0

    def impossible(self, constraints):
        """Whether no integers satisfy all of (low, polynomial, high)."""
        names, key = {}, []
        for low, terms, high in constraints:
            key.append((low, tuple((tuple(names.setdefault(a, len(names)) for a in m), c) for m, c in terms.items()), high))
        key = tuple(key)
        self.asked += 1
        if key not in self.answers:
            # A product of unknown numbers is one more unknown number: this leaves more possible, not less.
            unknown, lines = {}, []
            for low, terms, high in key:
                parts = " ".join(f"(* {literal(c)} {unknown.setdefault(m, f'x{len(unknown)}') if m else 1})" for m, c in terms)
                lines.append(f"(assert (<= {literal(low)} (+ 0 {parts}) {literal(high)}))")
            solver = z3.SolverFor("QF_LIA")
            solver.set("rlimit", LIMIT)
            solver.from_string("\n".join([f"(declare-const {name} Int)" for name in unknown.values()] + lines))
            self.answers[key] = solver.check() == z3.unsat
        return self.answers[key]


SOLVER = Solver()


class Path:
    """What holds on one path through the code: booleans that a branch has decided."""

    def __init__(self):
        # Divisions that were made, and ranges under the present decisions.
        self.fixed, self.splits, self.ranges = {}, {}, {}

    def copy(self):
        path = Path()
        path.fixed, path.splits = dict(self.fixed), dict(self.splits)
        return path

    def fix(self, atom, value):
        """Decides a boolean."""
        self.fixed[atom] = value
        self.ranges = {}

    def tidy(self, terms):
        """With numbers instead of decided booleans, and functions of one atom resolved."""
        for _ in range(1000):
            for monomial in terms:
                for atom in monomial:
                    if atom in self.fixed:
                        terms = replace(terms, atom, polynomial(self.fixed[atom]))
                        break
                    if atom.definition is not None and self.is_function_of_bit(atom):
                        terms = replace(terms, atom, atom.definition)
                        break
                else:
                    continue
                break
            else:
                return terms
        raise AssertionError("definitions form a circle")

    def is_function_of_bit(self, atom):
        atoms = {item for monomial in atom.definition for item in monomial}
        if any(item.low < 0 or item.high > 1 or len(monomial) > 1 for monomial in atom.definition for item in monomial):
            return len(atoms) == 1 and next(iter(atoms)).definition is not None and self.is_function_of_bit(next(iter(atoms)))
        return len(atoms) <= 1

    def range(self, atom):
        if atom not in self.ranges:
            self.ranges[atom] = self.new_range(atom)
        return self.ranges[atom]

    def new_range(self, atom):
        if atom in self.fixed:
            return self.fixed[atom], self.fixed[atom]
        low, high = atom.low, atom.high
        # A decided carry says more about its remainder.
        if atom.definition is not None and any(item in self.fixed for monomial in atom.definition for item in monomial):
            lowest, highest = self.interval(atom.definition)
            low, high = max(low, lowest), min(high, highest)
        return low, high

    def interval(self, terms):
        low = high = 0
        for monomial, coefficient in terms.items():
            least, most = coefficient, coefficient
            for atom in monomial:
                ends = [end * bound for end in (least, most) for bound in self.range(atom)]
                least, most = min(ends), max(ends)
            low, high = low + least, high + most
        return low, high

    def impossible(self, low, terms, high, depths=DEPTHS):
        """Whether the solver shows that low <= polynomial <= high cannot be, looking back ever further."""
        return any(SOLVER.impossible([(low, terms, high)] + self.facts(terms, depth)) for depth in depths)

    def facts(self, terms, depth):
        facts, known = [], {}
        # The latest decision is what makes a side of a branch special.
        level = {atom for monomial in terms for atom in monomial} | set(list(self.fixed)[-1:])
        level = sorted(level, reverse=True)
        for step in range(depth + 1):
            following = set()
            for atom in level:
                known[atom] = True
                low, high = self.range(atom)
                facts.append((low, {(atom,): 1}, high))
                if step == depth:
                    continue
                for inside, below, above in self.meaning(atom):
                    facts.append((below, inside, above))
                    following |= {item for monomial in inside for item in monomial}
            level = sorted(following - known.keys(), reverse=True)
        # The range of a product of two atoms.
        for monomial in {monomial for _, inside, _ in facts for monomial in inside if len(monomial) > 1}:
            low, high = self.interval({monomial: 1})
            facts.append((low, {monomial: 1}, high))
        return facts

    def meaning(self, atom):
        if atom.definition is not None:
            yield add((1, atom.definition), (-1, {(atom,): 1})), 0, 0
        if atom.quotient is not None:
            terms, bits = atom.quotient
            yield add((1, terms), (-1 << bits, {(atom,): 1})), 0, (1 << bits) - 1

    def name(self, terms, low, high):
        """A value for a polynomial."""
        if not terms:
            return 0
        if len(terms) == 1:
            (monomial, coefficient), = terms.items()
            if not monomial:
                return coefficient
            if coefficient == 1 and len(monomial) == 1:
                return monomial[0]
        return Atom(low, high, definition=terms)

    def divide(self, terms, bits):
        """The quotient and the remainder of a division by 2^bits."""
        if not terms or terms.keys() == {()}:
            return divmod(terms.get((), 0), 1 << bits)
        terms = self.tidy(terms)
        key = (frozenset(terms.items()), bits)
        if key not in self.splits:
            self.splits[key] = self.new_division(terms, bits)
        return self.splits[key]

    def new_division(self, terms, bits):
        low, high = self.interval(terms)
        least, most = low >> bits, high >> bits
        atoms = {atom for monomial in terms for atom in monomial}
        if least < most and all(0 <= atom.low and atom.high <= 1 for atom in atoms):
            # A function of bits: exact for one, and of more each is looked at by itself.
            if len(atoms) > 1:
                raise Split(min(atoms))
            bit, = atoms
            return self.by_cases(bit, lambda value: divmod(sum(replace(terms, bit, polynomial(value)).values()), 1 << bits))
        # Only a sum that exceeds by little is worth the question; this bounds the time, and proves nothing.
        while least < most and high - (most << bits) < (1 << bits) >> 8 and self.impossible(most << bits, terms, high):
            most -= 1
        if least == most:
            quotient = least
        else:
            quotient = Atom(least, most, quotient=(terms, bits))
        rest = add((1, terms), (-1 << bits, polynomial(quotient)))
        bounds = (max(0, low - (least << bits)), min((1 << bits) - 1, high - (least << bits))) if least == most else (0, (1 << bits) - 1)
        return quotient, self.name(rest, *bounds)

    def by_cases(self, bit, function):
        """The results, each as the linear function of a bit that it is."""
        results = []
        for zero, one in zip(function(0), function(1)):
            terms = add((zero, {(): 1}), (one - zero, {(bit,): 1}))
            results.append(self.name(terms, min(zero, one), max(zero, one)))
        return tuple(results)

    def expand(self, terms):
        """A polynomial of inputs and quotients only."""
        return self.tidy(expand(terms))


def expand(terms):
    total = {}
    for monomial, coefficient in terms.items():
        part = {(): coefficient}
        for atom in monomial:
            if atom.expanded is None:
                atom.expanded = {(atom,): 1} if atom.definition is None else expand(atom.definition)
            part = times(part, atom.expanded)
            # Degrees would double with each product of products.
            if any(len(inside) > DEGREE for inside in part):
                raise Refused("a product of more than two numbers")
        for inside, factor in part.items():
            total[inside] = total.get(inside, 0) + factor
    return {monomial: coefficient for monomial, coefficient in total.items() if coefficient}


def evaluate(value, known):
    """The number that a value is, if inputs are what `known` says; checks the range that was derived for each."""
    if isinstance(value, int):
        return value
    if value not in known:
        terms, bits = value.quotient or (value.definition, 0)
        total = 0
        for monomial, coefficient in terms.items():
            for atom in monomial:
                coefficient *= evaluate(atom, known)
            total += coefficient
        known[value] = total >> bits
        if not value.low <= known[value] <= value.high:
            raise AssertionError("a number is outside the range that was derived for it")
    return known[value]
