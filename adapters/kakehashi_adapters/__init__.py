"""Everything that touches a broker, a disk, a database or a network. No adapter knows another one."""
