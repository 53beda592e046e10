"""「基本4情報の照合」 Whether two descriptions are of one person: declared spellings in, what agrees out. Pure."""
