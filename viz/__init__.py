"""Pictures that carry their claims: scenes, and the offline pages made from them."""
