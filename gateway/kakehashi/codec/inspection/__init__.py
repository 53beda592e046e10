"""Looking into files: which bytes are which item, what a file holds, in what two files differ."""
