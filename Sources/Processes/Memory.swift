import Glibc
internal import CLinux

/// What the C library keeps of the memory that was given back to it.
package enum Memory {
    /// Has the threads of a program that idles most of the time share their memory. At the start of the program.
    package static func keepSmall() { linux_keep_memory_small() }

    /// Returns what is free to the system, and lets go of code that only the start or a burst of work ran (it stays in the page
    /// cache). Called when a burst is over, so that an idle process is small again.
    package static func trim() {
        linux_trim_memory()
        linux_drop_program_pages()
    }
}
