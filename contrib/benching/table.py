"""The results as text: medians, spreads and ratios, one row for each piece of work."""
import statistics


def median(costs, pick):
    return statistics.median(pick(cost) for cost in costs)


def spread(costs):
    """Median and range of the seconds."""
    seconds = sorted(cost["seconds"] for cost in costs)
    return f"{statistics.median(seconds):.2f} s ({seconds[0]:.2f}–{seconds[-1]:.2f})"


def sides(costs, key, digits):
    """The median of each side, and of all together."""
    names = dict.fromkeys(name for cost in costs for name in cost[key])
    parts = ", ".join(f"{name} {median(costs, lambda cost: cost[key].get(name, 0)):.{digits}f}" for name in names)
    return f"{median(costs, lambda cost: sum(cost[key].values())):.{digits}f}: {parts}"


def hop(costs, wire):
    """Megabytes, up and down together."""
    return f"{median(costs, lambda cost: cost['bytes'][wire]) / 1e6:.3f}"


def cell(costs):
    """One line of what it cost: seconds, CPU seconds and resident megabytes of each side, megabytes of each hop."""
    return (f"{spread(costs)}, cpu {sides(costs, 'cpu_s', 2)}, resident MB {sides(costs, 'resident_mb', 0)}, "
            f"MB A–hub {hop(costs, 'a')}, hub–B {hop(costs, 'b')}")


def ratio(results, row, name, base):
    """Of the medians of two contenders; nil where one is missing."""
    mine, theirs = results.get((row, name)), results.get((row, base))
    if not mine or not theirs:
        return None
    return median(mine, lambda cost: cost["seconds"]) / median(theirs, lambda cost: cost["seconds"])


def markdown(results, rows, names):
    """A row for each piece of work and tool. `commands` is what was run for one pass: A's agent, or both clients of another tool."""
    lines = ["| work | with | seconds | CPU seconds of each side | most MB resident of each | MB A–hub | MB hub–B | SyncHub ÷ it |",
             "| --- |" + " --- |" * 7]
    for row, title in rows.items():
        for name in names:
            if costs := results.get((row, name)):
                share = ratio(results, row, "synchub", name) if name != "synchub" else None
                cells = (title, name, spread(costs), sides(costs, "cpu_s", 2), sides(costs, "resident_mb", 0), hop(costs, "a"),
                         hop(costs, "b"), f"{share:.2f}" if share else "–")
                lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def written(results, rows, names):
    """What hub and B had written to the disk, with all that they write beside, for each byte of content that was new to them."""
    lines = []
    for row, (title, size) in rows.items():
        shares = [f"{name} {median(costs, lambda cost: cost['written']) / size:.2f}"
                  for name in names if (costs := results.get((row, name)))]
        if shares:
            lines.append(f"written on both hops for each byte of {title}: " + ", ".join(shares))
    return "\n".join(lines)
