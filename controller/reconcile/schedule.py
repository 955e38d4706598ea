"""When the next run falls: cron expressions in a time zone, and intervals."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from controller.errors import InvalidScheduleError
from controller.reconcile.backoff import fraction

MOST_JITTER = timedelta(minutes=5)
_NAMED = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_ONE_SECOND = timedelta(seconds=1)


def check_schedule(expression: str, time_zone: str) -> None:
    """
    Refuse what no clock can follow.

    Raises:
        InvalidScheduleError: No cron expression of five fields, no time zone, or a day
            that never comes, such as 31 February.
    """
    if next_fire(expression, time_zone, datetime(2026, 1, 1, tzinfo=UTC)) is None:
        raise InvalidScheduleError(f"schedule '{expression}' names a time that never comes")


def next_fire(expression: str, time_zone: str, after: datetime) -> datetime | None:
    """
    Find the first time after `after`, in UTC; None if there is none for fifty years.

    A time that daylight saving skips moves to the end of the gap, and one that it
    repeats comes once, as in Debian's cron.

    Raises:
        InvalidScheduleError: See `check_schedule`.
    """
    fires = _walk(expression, after.astimezone(_zone(time_zone)), backwards=False)
    # In the repeated hour of autumn the walk names a time that is already past.
    return next((fire for fire in fires if fire > after), None)


def previous_fire(expression: str, time_zone: str, at: datetime) -> datetime | None:
    """
    Find the last time that is not after `at`, in UTC; None if there was none for fifty years.

    Raises:
        InvalidScheduleError: See `check_schedule`.
    """
    start = at.astimezone(UTC).replace(microsecond=0) + _ONE_SECOND
    fires = _walk(expression, start.astimezone(_zone(time_zone)), backwards=True)
    previous = next((fire for fire in fires if fire <= at), None)
    following = previous
    while following is not None and following <= at:
        # In the repeated hour the walk back misses what came the first time round.
        previous, following = following, next_fire(expression, time_zone, following)
    return previous


def interval_end(interval: timedelta, since: datetime, uid: str) -> datetime:
    """
    Say when an interval that began at `since` is over.

    A tenth, at most five minutes, is spread over the resources, so that a
    hundred of them made by one commit do not all ask at once for ever.
    """
    return since + interval + min(interval / 10, MOST_JITTER) * fraction(uid)


def _walk(expression: str, start: datetime, *, backwards: bool) -> Iterator[datetime]:
    fields = _NAMED.get(expression.strip().lower(), expression)
    if len(fields.split()) != 5:
        raise InvalidScheduleError(
            f"schedule '{expression}' has {len(fields.split())} fields",
            hint="write minute, hour, day, month and weekday, such as '15 3 * * *'",
        )
    try:
        walk = CronSim(fields, start, reverse=backwards)
    except CronSimError as error:
        raise InvalidScheduleError(
            f"schedule '{expression}': {str(error).lower()}",
            hint="write minute, hour, day, month and weekday, such as '15 3 * * *'",
        ) from error
    return (fire.astimezone(UTC) for fire in walk)


def _zone(name: str) -> tzinfo:
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    # A directory of the time zone database, such as 'Europe', ends in an OSError.
    except (LookupError, ValueError, OSError) as error:
        raise InvalidScheduleError(
            f"time zone '{name}' is not known", hint="write a name such as Europe/Berlin, or UTC"
        ) from error
