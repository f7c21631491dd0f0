/// A value as SQLite stores it.
package enum Binding: Equatable, Sendable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    case blob([UInt8])
}

/// What may be bound to a `?` of a statement. A type whose raw value may be bound conforms with an empty extension:
/// `extension NodeID: Bindable {}`.
package protocol Bindable {
    /// The value as SQLite stores it.
    var binding: Binding { get }
}

extension Bindable where Self: RawRepresentable, RawValue: Bindable {
    /// The raw value's.
    package var binding: Binding { rawValue.binding }
}

extension Binding: Bindable {
    /// Itself.
    package var binding: Binding { self }
}

extension Int64: Bindable {
    /// INTEGER.
    package var binding: Binding { .integer(self) }
}

extension Int: Bindable {
    /// INTEGER.
    package var binding: Binding { .integer(Int64(self)) }
}

extension Bool: Bindable {
    /// INTEGER, 0 or 1.
    package var binding: Binding { .integer(self ? 1 : 0) }
}

extension Double: Bindable {
    /// REAL; SQLite stores NaN as NULL.
    package var binding: Binding { .real(self) }
}

extension String: Bindable {
    /// TEXT, as UTF-8.
    package var binding: Binding { .text(self) }
}

extension [UInt8]: Bindable {
    /// BLOB.
    package var binding: Binding { .blob(self) }
}
