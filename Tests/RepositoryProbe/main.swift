import Repository
print("probe")
