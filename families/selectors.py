"""Reading the catalogue, in a number of queries that does not grow with it."""

from django.db.models import Prefetch, QuerySet

from .errors import UnknownFamily
from .models import Axis, Family, Member
from .resolution import LoadedAxis, LoadedFamily, LoadedMember, LoadedOption


def load_catalogue() -> list[LoadedFamily]:
    """Every family, in the order of display: four queries."""
    return [_loaded(family) for family in _with_parts(Family.objects.all())]


def load_family(key: str) -> LoadedFamily:
    """One family: four queries. Raises UnknownFamily."""
    for family in _with_parts(Family.objects.filter(key=key)):
        return _loaded(family)
    raise UnknownFamily(key)


def _with_parts(families: QuerySet[Family]) -> QuerySet[Family]:
    members = Member.objects.select_related("workflow")
    return families.prefetch_related("axes__options", Prefetch("members", queryset=members))


def _loaded(family: Family) -> LoadedFamily:
    return LoadedFamily(
        row=family,
        axes=tuple(_loaded_axis(axis) for axis in family.axes.all()),
        members=tuple(LoadedMember(member.workflow, member.selection) for member in family.members.all()),
    )


def _loaded_axis(axis: Axis) -> LoadedAxis:
    options = axis.options.all()
    return LoadedAxis(
        key=axis.key,
        display_name=axis.display_name,
        control=axis.control,
        default=next((option.value for option in options if option.id == axis.default_option_id), None),
        options=tuple(LoadedOption(option.value, option.label) for option in options),
    )
