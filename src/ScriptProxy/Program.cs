Console.WriteLine("scriptproxy");
