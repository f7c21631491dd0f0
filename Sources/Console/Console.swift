// The first file of Console.
