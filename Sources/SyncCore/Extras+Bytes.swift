/// How extras are stored and hashed: each part with its length before it, so that equal bytes mean equal values.
extension Extras {
    /// As it is stored; what is stored in this form is only read by ``init(bytes:)``.
    package var bytes: [UInt8] {
        var all: [UInt8] = []
        func append(_ part: [UInt8]?) {
            guard let part else { return all.append(contentsOf: [0xFF, 0xFF, 0xFF, 0xFF]) }
            let count = UInt32(truncatingIfNeeded: part.count)
            all += [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: count >> $0) }
            all += part
        }
        append(owner)
        append(group)
        guard let attributes else { return all }
        for attribute in attributes {
            append(attribute.name)
            append(attribute.value)
        }
        append(nil)
        return all
    }

    /// Nil if these are not bytes that ``bytes`` gave.
    package init?(bytes: [UInt8]) {
        var rest = bytes[...]
        /// Nil at a part that is not said, and at the end; `isWhole` tells them apart.
        var isWhole = true
        func next() -> [UInt8]? {
            guard rest.count >= 4 else {
                isWhole = false
                return nil
            }
            let count = rest.prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            rest = rest.dropFirst(4)
            if count == UInt32.max { return nil }
            guard Int(count) <= rest.count else {
                isWhole = false
                return nil
            }
            defer { rest = rest.dropFirst(Int(count)) }
            return Array(rest.prefix(Int(count)))
        }
        owner = next()
        group = next()
        guard isWhole else { return nil }
        if !rest.isEmpty {
            var found: [Attribute] = []
            while let name = next() {
                guard let value = next() else { return nil }
                found.append(Attribute(name: name, value: value))
            }
            attributes = found
        }
        guard isWhole, rest.isEmpty else { return nil }
    }
}
