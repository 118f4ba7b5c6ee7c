"""What somebody wants to hear, and what cannot be turned off."""

from collections.abc import Mapping

from contracts.notifications import Channel
from notifications.domain.kinds import CHANNELS, RULES, Kind
from notifications.domain.people import Choices


def wants(choices: Mapping[str, Mapping[str, bool]], kind: Kind, channel: Channel) -> bool:
    """Whether a message of this kind goes out on this channel."""
    rule = RULES[kind]
    return channel in rule.always or choices.get(kind, {}).get(channel, channel in rule.default)


def chose_against(choices: Mapping[str, Mapping[str, bool]], kind: Kind, channel: Channel) -> bool:
    """Whether somebody turned this off themselves; a channel that is off for everybody was never theirs to miss."""
    return not wants(choices, kind, channel) and channel in RULES[kind].default


def effective(choices: Mapping[str, Mapping[str, bool]]) -> Choices:
    """Every kind and channel, as it stands for somebody with these choices."""
    return {str(kind): {channel: wants(choices, kind, channel) for channel in CHANNELS} for kind in Kind}


def cannot_be_off(choices: Mapping[Kind, Mapping[Channel, bool]]) -> tuple[Kind, Channel] | None:
    """The first choice that turns off what cannot be turned off, if there is one."""
    return next(
        (
            (kind, channel)
            for kind, channels in choices.items()
            for channel, wanted in channels.items()
            if not wanted and channel in RULES[kind].always
        ),
        None,
    )


def stored(choices: Mapping[Kind, Mapping[Channel, bool]]) -> Choices:
    """The choices as they are kept: without those that nobody can make."""
    return {
        str(kind): {str(channel): wanted for channel, wanted in channels.items() if channel not in RULES[kind].always}
        for kind, channels in choices.items()
    }


def without(choices: Mapping[str, Mapping[str, bool]], kind: Kind, channel: Channel) -> Choices:
    """The same choices with one channel of one kind turned off."""
    changed = {name: dict(channels) for name, channels in choices.items()}
    changed.setdefault(str(kind), {})[channel] = False
    return changed
