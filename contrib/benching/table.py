"""The results as text: medians, spreads and ratios, one row for each piece of work."""
import statistics


def median(costs, pick):
    return statistics.median(pick(cost) for cost in costs)


def cell(costs):
    """Median and range of the seconds, CPU seconds of all sides, and megabytes on both hops."""
    seconds = sorted(cost["seconds"] for cost in costs)
    cpu = median(costs, lambda cost: sum(cost["cpu_s"].values()))
    moved = median(costs, lambda cost: sum(cost["bytes"].values())) / 1e6
    return f"{statistics.median(seconds):.2f} s ({seconds[0]:.2f}–{seconds[-1]:.2f}), cpu {cpu:.2f}, {moved:.2f} MB"


def ratio(results, row, name, base):
    """Of the medians of two contenders; nil where one is missing."""
    mine, theirs = results.get((row, name)), results.get((row, base))
    if not mine or not theirs:
        return None
    return median(mine, lambda cost: cost["seconds"]) / median(theirs, lambda cost: cost["seconds"])


def markdown(results, rows, names):
    lines = ["| work | " + " | ".join(names) + " | synchub ÷ fastest |", "| --- |" + " --- |" * (len(names) + 1)]
    for row, title in rows.items():
        cells = [cell(results[row, name]) if results.get((row, name)) else "–" for name in names]
        if all(one == "–" for one in cells):
            continue
        ratios = [one for name in names if name != "synchub" and (one := ratio(results, row, "synchub", name))]
        lines.append(f"| {title} | " + " | ".join(cells) + f" | {max(ratios):.2f} |" if ratios else
                     f"| {title} | " + " | ".join(cells) + " | – |")
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
